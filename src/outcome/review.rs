//! The monthly review of the decision: which hot path exceptions in the code the evidence still supports. Reports print it.

use std::collections::{BTreeMap, BTreeSet};

use super::FileOutcome;
use crate::name::ModuleName;
use crate::plan::{Code, Level};
use crate::policy::{Place, Verdict, exception_comment};
use crate::text::LineColumn;

/// An import as it stands, against what the evidence says of its module.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The configured module that covers it, else the module itself.
    pub module: ModuleName,
    /// The start of the statement.
    pub place: LineColumn,
    pub level: Level,
    /// The standard comments on it.
    pub comments: Vec<String>,
    pub verdict: Verdict,
    /// Whether the configuration wants standard comments.
    pub documents: bool,
    pub prospect: Prospect,
}

/// What a fix would do with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    Changes,
    Refused(Code),
    Stays,
}

/// What is said of imports, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The code says that it is an exception, and the evidence does not.
    NoLongerHolds,
    /// The comment has other numbers than the evidence.
    Drifted,
    /// An exception that nothing in the code tells of.
    Undocumented,
    /// At module level, where the evidence does not want it.
    NoException,
    /// In a function, where the evidence does not want it.
    BecomeHot,
    Holds,
}

/// Imports of one module of which the same is to be said.
#[derive(Debug, Clone)]
pub struct Reviewed {
    pub kind: Kind,
    pub module: ModuleName,
    pub verdict: Verdict,
    /// The standard comments that stand there now.
    pub comments: BTreeSet<String>,
    /// Paths with the starts of the statements, sorted.
    pub places: Vec<(String, LineColumn)>,
    /// Why some of them cannot move, with their number.
    pub refused: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Default)]
pub struct Review {
    /// Sorted by kind and module.
    pub entries: Vec<Reviewed>,
    /// Modules for which the two cost models lead to different places.
    pub disagreements: BTreeMap<ModuleName, Verdict>,
}

impl Review {
    pub fn of(files: &[FileOutcome]) -> Review {
        let mut review = Review::default();
        // Verdicts of one module may differ between configurations.
        let mut groups: BTreeMap<(Kind, ModuleName, String), Reviewed> = BTreeMap::new();
        for (file, standing) in files.iter().flat_map(|file| file.standings.iter().map(move |one| (file, one))) {
            let Standing { module, verdict, .. } = standing;
            if verdict.models_disagree() {
                review.disagreements.entry(module.clone()).or_insert_with(|| verdict.clone());
            }
            let Some(kind) = kind(standing) else { continue };
            let group = groups.entry((kind, module.clone(), verdict.figures())).or_insert_with(|| Reviewed {
                kind,
                module: module.clone(),
                verdict: verdict.clone(),
                comments: BTreeSet::new(),
                places: Vec::new(),
                refused: BTreeMap::new(),
            });
            group.comments.extend(standing.comments.iter().cloned());
            group.places.push((file.path.clone(), standing.place));
            if let Prospect::Refused(code) = standing.prospect {
                *group.refused.entry(code.name()).or_default() += 1;
            }
        }
        review.entries = groups.into_values().collect();
        review
    }

    /// Whether something in the code is not as the evidence wants it, and can be.
    pub fn is_stale(&self) -> bool {
        self.entries.iter().any(Reviewed::is_stale)
    }
}

impl Reviewed {
    pub fn is_stale(&self) -> bool {
        match self.kind {
            Kind::NoLongerHolds | Kind::Drifted | Kind::Undocumented => true,
            Kind::NoException | Kind::BecomeHot => self.refused.values().sum::<usize>() < self.places.len(),
            Kind::Holds => false,
        }
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::NoLongerHolds => "no-longer-holds",
            Kind::Drifted => "numbers-drifted",
            Kind::Undocumented => "undocumented",
            Kind::NoException => "no-exception",
            Kind::BecomeHot => "become-hot",
            Kind::Holds => "holds",
        }
    }
}

fn kind(standing: &Standing) -> Option<Kind> {
    let wanted = exception_comment(&standing.verdict);
    let wants_change = standing.prospect != Prospect::Stays;
    match (standing.level, standing.comments.as_slice(), wanted) {
        (Level::Function, ..) => (standing.verdict.place == Place::Module && wants_change).then_some(Kind::BecomeHot),
        (Level::Module, [], Some(_)) => {
            Some(if standing.documents && wants_change { Kind::Undocumented } else { Kind::Holds })
        }
        (Level::Module, [], None) => {
            (standing.verdict.place == Place::Function && wants_change).then_some(Kind::NoException)
        }
        (Level::Module, [one], Some(wanted)) if *one == wanted => Some(Kind::Holds),
        (Level::Module, _, Some(_)) => Some(Kind::Drifted),
        (Level::Module, _, None) => Some(Kind::NoLongerHolds),
    }
}
