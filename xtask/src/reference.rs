//! `docs/reference.md`, which is made of `wit/`, and `docs/reference.zh.md`, which people write: the same
//! headings, signatures and tables in the same order, so that a new item without Chinese is noticed.

use crate::{tools, wit_lint};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use wit_parser::{Docs, Function, PackageId, Resolve, Type, TypeDefKind, TypeId, WorldItem};

const PAGE: &str = "docs/reference.md";
const CHINESE: &str = "docs/reference.zh.md";

const WORLDS: &str = "
## worlds

A world is a set of interfaces that a component exports or imports.

| world | meaning |
| --- | --- |
";

/// Compares both pages with `wit/`.
pub fn check() -> Result<()> {
    let page = page()?;
    if read(PAGE)? != page {
        bail!("{PAGE} is not what wit/ says: run `cargo xtask wit --bless`");
    }
    let chinese = read(CHINESE)?;
    let (expected, found) = (skeleton(&page), skeleton(&chinese));
    if let Some((expected, found)) = first_difference(&expected, &found) {
        bail!("{PAGE} has `{expected}` where {CHINESE} has `{found}`");
    }
    let untranslated = untranslated(&chinese);
    if !untranslated.is_empty() {
        bail!("{CHINESE} has no Chinese for: {}", untranslated.join(", "));
    }
    Ok(())
}

/// Writes the English page. The Chinese one then has to follow.
pub fn bless() -> Result<()> {
    std::fs::write(path(PAGE)?, page()?).with_context(|| format!("can't write {PAGE}"))?;
    check()
}

fn path(name: &str) -> Result<PathBuf> {
    Ok(tools::root()?.join(name))
}

fn read(name: &str) -> Result<String> {
    std::fs::read_to_string(path(name)?).with_context(|| format!("can't read {name}"))
}

fn page() -> Result<String> {
    let (resolve, package) = wit_lint::load()?;
    Ok(rendered(&resolve, package))
}

fn rendered(resolve: &Resolve, id: PackageId) -> String {
    let package = &resolve.packages[id];
    let mut page = format!(
        "# Reference of {}\n\nGenerated from [wit/](../wit) by `cargo xtask wit --bless`: edit the comments there. \
         [中文](reference.zh.md)\n\n{}",
        package.name,
        text(&package.docs)
    );
    // The order of the world that exports most, which is made for reading; then the others.
    let exports = |world| resolve.worlds[world].exports.values();
    let world = package.worlds.values().copied().max_by_key(|world| exports(*world).count());
    let exported = world.into_iter().flat_map(exports).filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    });
    let mut interfaces: Vec<_> = exported.collect();
    let others = package.interfaces.values().filter(|id| !interfaces.contains(id));
    interfaces.extend(others.copied().collect::<Vec<_>>());
    for id in interfaces {
        let interface = &resolve.interfaces[id];
        let name = interface.name.as_deref().unwrap_or_default();
        page += &format!("\n## {name}\n\n{}", text(&interface.docs));
        for (item, id) in &interface.types {
            page += &type_(resolve, &format!("{name}.{item}"), *id);
        }
        for function in interface.functions.values() {
            let signature = signature(resolve, function);
            page += &format!("\n### {name}.{}\n\n```wit\n{signature}\n```\n\n", function.name);
            page += &text(&function.docs);
        }
    }
    let worlds = package.worlds.iter();
    let rows = worlds.map(|(name, id)| row(&[name], &resolve.worlds[*id].docs));
    page + WORLDS + &rows.collect::<String>()
}

fn type_(resolve: &Resolve, name: &str, id: TypeId) -> String {
    let definition = &resolve.types[id];
    let value =
        |payload: &Option<Type>| payload.map(|ty| type_name(resolve, &ty)).unwrap_or_default();
    let (columns, rows): (&str, Vec<String>) = match &definition.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            let row = |(name, ty, docs)| row(&[name, &type_name(resolve, ty)], docs);
            (
                "field | type",
                fields.map(|field| row((&field.name, &field.ty, &field.docs))).collect(),
            )
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let rows = cases.map(|case| row(&[&case.name, &value(&case.ty)], &case.docs));
            ("case | value", rows.collect())
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            ("case", cases.map(|case| row(&[&case.name], &case.docs)).collect())
        }
        // `use`: described where it is defined.
        TypeDefKind::Type(Type::Id(other)) if resolve.types[*other].owner != definition.owner => {
            return String::new();
        }
        _ => ("", vec![]),
    };
    let heading = format!("\n### {name}\n\n");
    if rows.is_empty() {
        let own = definition.name.as_deref().unwrap_or_default();
        let of = kind_name(resolve, &definition.kind);
        return format!("{heading}```wit\ntype {own} = {of}\n```\n\n{}", text(&definition.docs));
    }
    let lines = columns.split('|').map(|_| "--- | ").collect::<String>();
    let table = format!("\n| {columns} | meaning |\n| {lines}--- |\n{}", rows.concat());
    format!("{heading}{}{table}", text(&definition.docs))
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters = function.params.iter();
    let parameters: Vec<_> = parameters
        .map(|parameter| format!("{}: {}", parameter.name, type_name(resolve, &parameter.ty)))
        .collect();
    let result = function.result.map(|ty| format!(" -> {}", type_name(resolve, &ty)));
    let (name, result) = (&function.name, result.unwrap_or_default());
    format!("{name}: func({}){result}", parameters.join(", "))
}

fn type_name(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => {
            let definition = &resolve.types[*id];
            let name = definition.name.clone();
            name.unwrap_or_else(|| kind_name(resolve, &definition.kind))
        }
        primitive => format!("{primitive:?}").to_lowercase(),
    }
}

fn kind_name(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let name = |ty: &Type| type_name(resolve, ty);
    match kind {
        TypeDefKind::List(item) => format!("list<{}>", name(item)),
        TypeDefKind::Option(item) => format!("option<{}>", name(item)),
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", name(ok)),
            (ok, Some(err)) => {
                format!("result<{}, {}>", ok.as_ref().map_or("_".to_owned(), name), name(err))
            }
        },
        TypeDefKind::Type(other) => name(other),
        other => other.as_str().to_owned(),
    }
}

fn text(docs: &Docs) -> String {
    format!("{}\n", docs.contents.as_deref().unwrap_or_default().trim())
}

/// A table's row: cells of code, then the docs.
fn row(cells: &[&str], docs: &Docs) -> String {
    let code = |cell: &&str| if cell.is_empty() { String::new() } else { format!("`{cell}`") };
    let cells: Vec<_> = cells.iter().map(code).collect();
    let docs = text(docs).split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    format!("| {} | {docs} |\n", cells.join(" | "))
}

/// What both pages have in common: the headings, the signatures, and the tables without their last column.
fn skeleton(page: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut bones = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code || line.starts_with("##") {
            bones.push(line);
        } else if line.starts_with("| `") {
            bones.push(
                line.trim_end_matches([' ', '|']).rsplit_once(" | ").map_or(line, |cells| cells.0),
            );
        }
    }
    bones
}

fn first_difference<'a>(expected: &[&'a str], found: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let at = |lines: &[&'a str], index| lines.get(index).copied().unwrap_or("nothing more");
    let longest = expected.len().max(found.len());
    (0..longest)
        .map(|index| (at(expected, index), at(found, index)))
        .find(|(one, other)| one != other)
}

/// The headings and the rows of a page that have no word of Chinese.
fn untranslated(page: &str) -> Vec<&str> {
    let is_chinese =
        |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    let mut found = Vec::new();
    for section in page.split("\n##").skip(1) {
        let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
        let prose = rest.lines().filter(|line| !line.starts_with('|'));
        if !prose.clone().any(is_chinese) {
            found.push(heading.trim_start_matches(['#', ' ']));
        }
        found.extend(rest.lines().filter(|line| line.starts_with("| `") && !is_chinese(line)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "
        /// A package.
        package a:small@1.0.0;
        /// The first.
        interface one {
            /// A pair.
            type pair = tuple<string, option<u8>>;
            /// A point.
            record point {
                /// Its x,
                /// or `a|b`.
                x: list<pair>,
            }
            /// An answer.
            variant answer {
                /// Nothing.
                none-at-all,
                /// A point.
                at(point),
            }
            /// Acts.
            act: func(p: point, twice: bool) -> result<_, string>;
        }
        /// The second.
        interface two {
            use one.{point};
            /// A colour.
            enum colour {
                /// Red.
                red,
            }
        }
        /// A world.
        world place { export two; }
    ";

    const EXPECTED: &str = "# Reference of a:small@1.0.0

Generated from [wit/](../wit) by `cargo xtask wit --bless`: edit the comments there. [中文](reference.zh.md)

A package.

## two

The second.

### two.colour

A colour.

| case | meaning |
| --- | --- |
| `red` | Red. |

## one

The first.

### one.pair

```wit
type pair = tuple<string, option<u8>>
```

A pair.

### one.point

A point.

| field | type | meaning |
| --- | --- | --- |
| `x` | `list<pair>` | Its x, or `a\\|b`. |

### one.answer

An answer.

| case | value | meaning |
| --- | --- | --- |
| `none-at-all` |  | Nothing. |
| `at` | `point` | A point. |

### one.act

```wit
act: func(p: point, twice: bool) -> result<_, string>
```

Acts.

## worlds

A world is a set of interfaces that a component exports or imports.

| world | meaning |
| --- | --- |
| `place` | A world. |
";

    #[test]
    fn the_page_has_each_item_with_its_type_and_its_docs() {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("small.wit", WIT).unwrap();
        assert_eq!(rendered(&resolve, package), EXPECTED);
    }

    #[test]
    fn a_page_in_another_language_keeps_everything_but_the_prose() {
        let bones = |page: &str| skeleton(page).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let expected = bones(EXPECTED);
        for (from, to, difference) in [
            ("Acts.", "执行。", None),
            ("| Nothing. |", "| 没有。 |", None),
            ("| case | value | meaning |", "| 分支 | 值 | 含义 |", None),
            ("| `red` | Red. |\n", "", Some(("| `red`", "## one"))),
            ("`list<pair>`", "`pair`", Some(("| `x` | `list<pair>`", "| `x` | `pair`"))),
            ("### one.act", "### one.acts", Some(("### one.act", "### one.acts"))),
            (
                "twice: bool",
                "twice: u8",
                Some((
                    "act: func(p: point, twice: bool) -> result<_, string>",
                    "act: func(p: point, twice: u8) -> result<_, string>",
                )),
            ),
            ("| `place` | A world. |\n", "", Some(("| `place`", "nothing more"))),
        ] {
            let other = EXPECTED.replace(from, to);
            let expected: Vec<_> = expected.iter().map(String::as_str).collect();
            let found = first_difference(&expected, &skeleton(&other));
            assert_eq!(found, difference, "{from}");
        }
    }

    #[test]
    fn a_heading_or_a_row_without_chinese_is_found() {
        let page = "# 手册\n\n## one\n\nThe first.\n\n## two\n\n第二个。\n\n### two.colour\n\nA colour.\n\n| 分支 | 含义 |\n| --- | --- |\n| `red` | 红。 |\n| `blue` | Blue. |\n";
        assert_eq!(untranslated(page), ["one", "two.colour", "| `blue` | Blue. |"]);
    }
}
