//! The forges that the tests of the bot run against, and the tests of the forges themselves.

mod answers;
mod branches;
mod description;
mod forge;
mod forge_tests;
mod git;
mod github;
mod gitlab;
mod gitlab_answers;
mod gitlab_tests;
mod http;
mod loopback;
mod prism_tests;
mod refusals;
mod runs;
mod runs_tests;
mod shapes;
mod world;
