//! One branch and one pull request with the fixes, kept up to date by every run. The life of the pull request is here; git
//! and the forge are behind narrow doors; nothing is kept between runs but what those two remember.

mod body;
mod forge;
mod git;
mod life;
mod marker;

pub use body::{Body, Refused, Row, cell};
pub use forge::{Forge, ForgeError, Github, Gitlab, Place, Printed, PullRequest, Secret, TOKEN_VARIABLES};
pub use git::{Git, GitError, Heads, Push, Worktree, without_passwords};
pub use life::{Change, End, Life, LifeError, Make, Word};
pub use marker::{Marker, fingerprint, id};
