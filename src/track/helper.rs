//! The module that is written into a project: its text, and how one of its files is told from somebody else's.

/// The name that the module has unless the user says otherwise.
pub const NAME: &str = "hotcold_usage";

/// What is written.
pub const TEXT: &str = include_str!("hotcold_usage.py");

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// As it was written, line ends aside: git may have changed those.
    Ours,
    /// Written by hotcold and changed since: used, but neither replaced nor deleted.
    Edited,
    Other,
}

pub fn owner(text: &str) -> Owner {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let marker = TEXT.lines().nth(2).unwrap_or_default();
    if text == TEXT {
        Owner::Ours
    } else if text.contains(marker) && text.contains("def track_module_usage(") {
        Owner::Edited
    } else {
        Owner::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_helper_is_not_taken_for_ours_nor_for_anothers() {
        assert_eq!(owner(TEXT), Owner::Ours);
        assert_eq!(owner(&TEXT.replace('\n', "\r\n")), Owner::Ours);
        assert_eq!(owner(&format!("{TEXT}\nMORE = 1\n")), Owner::Edited);
        assert_eq!(owner("def track_module_usage(name):\n    print(name)\n"), Owner::Other);
    }
}
