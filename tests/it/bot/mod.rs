//! The forges that the tests of the bot run against, and the tests of the forges themselves.
//!
//! `forge` is what a test holds: GitHub or GitLab over a bare repository (`git`), on one server (`http`, `loopback`) that
//! writes every request down. `github`, `answers`, `branches` and `shapes` are GitHub's side of it, held against
//! `description`; `gitlab` and `gitlab_answers` are GitLab's; both keep their state in `world`. `refusals` is what GitHub
//! says when it refuses, and `runs` runs a program against a forge.

mod answers;
mod branches;
mod description;
mod forge;
mod forge_tests;
mod git;
mod git_tests;
mod github;
mod gitlab;
mod gitlab_answers;
mod gitlab_tests;
mod http;
mod life_tests;
mod loopback;
mod prism_tests;
mod refusals;
mod runs;
mod runs_tests;
mod shapes;
mod world;
