//! What the moves of a run bring: the import time of each entry before and after, what keeps a heavy module on a start, and
//! the imports whose move takes it off. Reads verdicts and what became of them; makes none and moves nothing.

mod after;
mod ask;
mod cut;
mod entries;
mod fate;
mod survey;
mod times;

pub use ask::{Answer, Question, ask};
pub use entries::{is_apart, named, not_imported};
pub use fate::{End, Fate, fates};
pub use survey::{FindingNote, Known, Survey};
