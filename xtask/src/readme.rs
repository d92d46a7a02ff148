//! The README in two languages: what a reader pastes is the same in both.

use crate::tools;
use anyhow::{Context, Result, bail};

/// Compares the code blocks of the two.
pub fn check() -> Result<()> {
    let folder = tools::root()?;
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name)).with_context(|| format!("{name} can't be read"))
    };
    let blocks = code_blocks(&read("README.md")?);
    if blocks.is_empty() || blocks != code_blocks(&read("README.zh.md")?) {
        bail!("the code blocks of README.md and README.zh.md are not the same");
    }
    for command in ["cargo xtask demo", "cargo xtask test"] {
        if !blocks.concat().contains(command) {
            bail!("README.md does not show `{command}`");
        }
    }
    Ok(())
}

fn code_blocks(page: &str) -> Vec<String> {
    let parts = page.split("```").skip(1);
    parts.step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::code_blocks;

    #[test]
    fn only_what_stands_between_fences_counts() {
        let page = "a `b`\n```sh\nx\n```\nc\n```rust\ny\n```\n";
        assert_eq!(code_blocks(page), ["sh\nx\n", "rust\ny\n"]);
    }
}
