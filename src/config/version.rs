//! Python versions: how users write them, and the lowest that a project says it supports.

use std::fmt;
use std::str::FromStr;

/// A minor version of Python 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    minor: u8,
}

impl PythonVersion {
    pub const OLDEST: PythonVersion = PythonVersion::minor_version(7);
    pub const NEWEST: PythonVersion = PythonVersion::minor_version(15);
    /// What is assumed of a project that does not say.
    pub const DEFAULT: PythonVersion = PythonVersion::minor_version(9);

    /// Python 3.`minor`.
    pub const fn minor_version(minor: u8) -> PythonVersion {
        PythonVersion { minor }
    }

    pub fn minor(self) -> u8 {
        self.minor
    }

    /// The lowest version that a specifier such as `>=3.10,<4`, `~=3.9`, `==3.11.*` or `^3.8` allows.
    /// `None` if it sets no lower bound.
    pub fn lowest_of(specifier: &str) -> Option<PythonVersion> {
        let alternatives = specifier.split("||").map(|alternative| {
            alternative.split([',', ' ']).fold((None, ""), |(lowest, operator), part| {
                // `>= 3.10` stands in two parts.
                let part = part.trim();
                let digits = part.find(|character: char| character.is_ascii_digit()).unwrap_or(part.len());
                let (own, version) = part.split_at(digits);
                let own = own.trim();
                let operator = if own.is_empty() { operator } else { own };
                if version.is_empty() {
                    return (lowest, operator);
                }
                let bound = lower_bound(operator, version);
                (lowest.max(bound), "")
            })
        });
        let lowest: Vec<Option<PythonVersion>> = alternatives.map(|(lowest, _)| lowest).collect();
        lowest.into_iter().min().flatten()
    }
}

/// `>=3.10` gives 3.10, clamped to what can be named.
fn lower_bound(operator: &str, version: &str) -> Option<PythonVersion> {
    if !matches!(operator, ">=" | ">" | "~=" | "==" | "===" | "^" | "~") {
        return None;
    }
    let mut parts = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    let bound = match parts.next().flatten()? {
        3 => parts.next().flatten().unwrap_or(0),
        0..=2 => 0,
        _ => return None,
    };
    let minor = u8::try_from(bound).ok()?.clamp(PythonVersion::OLDEST.minor, PythonVersion::NEWEST.minor);
    Some(PythonVersion { minor })
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "py3{}", self.minor)
    }
}

impl FromStr for PythonVersion {
    type Err = String;

    /// `py311`, or `3.11`.
    fn from_str(text: &str) -> Result<PythonVersion, String> {
        let minor = text.strip_prefix("py3").or_else(|| text.strip_prefix("3."));
        minor
            .filter(|minor| !minor.starts_with(['0', '+']))
            .and_then(|minor| minor.parse().ok())
            .map(|minor| PythonVersion { minor })
            .filter(|version| (PythonVersion::OLDEST..=PythonVersion::NEWEST).contains(version))
            .ok_or_else(|| {
                let (oldest, newest) = (PythonVersion::OLDEST, PythonVersion::NEWEST);
                format!("`{text}` is no Python version that hotcold knows: {oldest} to {newest}")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_version_is_read_from_the_usual_specifiers() {
        let cases = [
            (">=3.9", Some(9)),
            (">=3.10,<4", Some(10)),
            (">= 3.10, < 4.0", Some(10)),
            ("<4,>=3.8,!=3.9.1", Some(8)),
            ("~=3.9", Some(9)),
            ("~=3.11.2", Some(11)),
            ("==3.11.*", Some(11)),
            ("==3.12", Some(12)),
            (">3.8", Some(8)),
            ("^3.8", Some(8)),
            ("^3.8 || ^3.10", Some(8)),
            (">=3", Some(7)),
            (">=2.7,!=3.0.*,!=3.1.*", Some(7)),
            ("<3.12", None),
            ("", None),
            ("*", None),
        ];
        for (specifier, minor) in cases {
            assert_eq!(PythonVersion::lowest_of(specifier), minor.map(PythonVersion::minor_version), "{specifier:?}");
        }
    }

    #[test]
    fn versions_are_written_as_ruff_writes_them() {
        assert_eq!("py311".parse(), Ok(PythonVersion::minor_version(11)));
        assert_eq!("3.9".parse(), Ok(PythonVersion::DEFAULT));
        for text in ["py27", "py3", "311", "py306", "py399", "4.1", "", "py3+9"] {
            assert!(text.parse::<PythonVersion>().is_err(), "{text}");
        }
    }
}
