//! The README, and with it every page that users read.

use crate::{pages, tools};
use anyhow::{Context, Result, bail};

/// Checks the pages in both languages, and that the README shows the two commands.
pub fn check() -> Result<()> {
    let folder = tools::root()?;
    pages::check(&folder)?;
    let readme = std::fs::read_to_string(folder.join("README.md"));
    let blocks = code_blocks(&readme.context("README.md can't be read")?);
    for command in ["cargo xtask demo", "cargo xtask test"] {
        if !blocks.concat().contains(command) {
            bail!("README.md does not show `{command}`");
        }
    }
    Ok(())
}

/// What stands between the fences of a page.
pub fn code_blocks(page: &str) -> Vec<String> {
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
