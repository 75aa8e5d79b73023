//! The integration tests, one binary: cases found by walking `fixtures/`, the command line, properties, rules about the
//! code itself.

mod against;
mod bot;
mod branch;
mod cases;
mod cli;
mod companions;
mod config;
mod init;
mod isort;
mod measure;
mod parse_stdlib;
mod policy;
mod readme;
mod relevance;
mod review;
mod scale;
mod source;
mod startup;
mod support;
mod symtable;
mod tidy;
mod track;
mod usage;
