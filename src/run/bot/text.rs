//! What the pull request says of a run: the saving, the table of changes, what was not moved.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hotcold::bot::{Body, Refused, Row, cell};
use hotcold::cli::Bot;
use hotcold::config::{Config, Loader, Overrides};
use hotcold::outcome::{Finding, Outcome};
use hotcold::plan::Change;
use hotcold::policy::number;

use crate::run::read_configuration;

/// The parts of the text. Paths in `outcome` are relative to the top of the repository, but for those of start-up, which are
/// relative to `inside`.
pub(super) fn body(outcome: &Outcome, request: &Bot, inside: &Path, top: &Path) -> anyhow::Result<Body> {
    let folder = top.join(inside);
    let findings = || outcome.files.iter().flat_map(|file| file.findings.iter().map(move |one| (&file.path, one)));
    let rows: Vec<Row> = findings().map(|(path, finding)| row(path, finding)).collect();
    let overrides = Overrides { config: request.config.clone(), ..Overrides::default() };
    let mut loader = Loader::new(&read_configuration, &folder, overrides);
    let config = loader.config(&folder)?;
    let mut refused: BTreeMap<&'static str, Refused> = BTreeMap::new();
    for file in &outcome.files {
        for note in &file.refusals {
            let known = refused.entry(note.code.name()).or_insert_with(|| Refused {
                code: note.code.name(),
                count: 0,
                why: note.code.summary().to_owned(),
                place: format!("{} in {}", cell(note.module.as_str()), cell(&format!("{}:{}", file.path, note.start))),
            });
            known.count += 1;
        }
    }
    let evidence =
        config.evidence_file.as_deref().map_or("hotcold-evidence.toml".to_owned(), |p| p.display().to_string());
    Ok(Body {
        summary: summary(outcome, &mut |path| Ok(loader.config(folder.join(path).parent().unwrap_or(&folder))?))?,
        rows,
        refused_count: refused.values().map(|refused| refused.count).sum(),
        refused: refused.into_values().collect(),
        command: command(request, inside)?,
        sources: format!(
            "The numbers come from {} and, where that says nothing, from {}, which name how and when each was found.",
            cell(config.path.as_deref().map_or("hotcold.toml", |path| path.rsplit('/').next().unwrap_or(path))),
            cell(&evidence),
        ),
    })
}

/// What makes the same changes by hand, from the top of the repository.
fn command(request: &Bot, inside: &Path) -> anyhow::Result<String> {
    let paths = request.paths.iter().map(|path| path.to_string_lossy().into_owned());
    let config = request.config.as_deref().map(|path| ["--config".to_owned(), path.to_string_lossy().into_owned()]);
    let mut words = vec!["hotcold".to_owned(), "fix".to_owned()];
    words.extend(request.unsafe_moves.then(|| "--unsafe".to_owned()));
    words.extend(config.into_iter().flatten());
    words.extend(paths);
    let joined = |words: &[String]| shlex::try_join(words.iter().map(String::as_str));
    let command = joined(&words)?.replace('`', "");
    Ok(match inside.as_os_str().is_empty() {
        true => command,
        false => format!("cd {} && {command}", joined(&[inside.to_string_lossy().replace('`', "")])?),
    })
}

/// What the changes bring, in a sentence. `config` gives the configuration of a file.
fn summary(outcome: &Outcome, config: &mut dyn FnMut(&str) -> anyhow::Result<Arc<Config>>) -> anyhow::Result<String> {
    let statistics = &outcome.statistics;
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let moved = plural(statistics.cold_moved + statistics.hot_moved, "import");
    let files = plural(statistics.files_changed, "file");
    let mut what = format!("Moves {moved} in {files}");
    if statistics.comments_changed > 0 {
        what += &format!(" and mends {}", plural(statistics.comments_changed, "exception comment"));
    }
    let best = outcome.startup.entries.iter().max_by(|a, b| {
        (a.before_ms - a.after_ms).total_cmp(&(b.before_ms - b.after_ms)).then_with(|| b.module.cmp(&a.module))
    });
    Ok(match best.map(|entry| (entry, entry.before_ms - entry.after_ms)).filter(|(_, saved)| *saved > 0.0) {
        Some((entry, saved)) => {
            let config = config(&entry.path)?;
            let policy = &config.policy;
            let daily = saved * policy.daily_requests * policy.cold_start_percent / 100.0;
            format!(
                "{what}: by prediction a cold start of {} takes {} ms instead of {} ms, which is {} s a day at {} requests \
                 and {} % cold starts.",
                cell(entry.module.as_str()),
                number(entry.after_ms),
                number(entry.before_ms),
                number(daily / 1000.0),
                number(policy.daily_requests),
                number(policy.cold_start_percent),
            )
        }
        None => format!("{what}."),
    })
}

fn row(path: &str, finding: &Finding) -> Row {
    let verdict = &finding.verdict;
    let known = |value: Option<f64>, unit: &str| {
        value.map_or_else(|| "unknown".to_owned(), |value| format!("{} {unit}", number(value)))
    };
    let words = |text: &String| if text.contains('`') { text.replace('|', "\\|") } else { text.clone() };
    let (from, to) = match &finding.identity.change {
        Change::Sink => ("module level".to_owned(), finding.to.iter().map(words).collect::<Vec<_>>().join(", ")),
        Change::Hoist(function) => (cell(function), "module level".to_owned()),
        Change::Comment => ("module level".to_owned(), "its comment".to_owned()),
    };
    Row {
        file: cell(path),
        module: cell(finding.identity.module.as_str()),
        from,
        to,
        import: known(verdict.import_ms, "ms"),
        usage: known(verdict.usage_percent, "%"),
        rule: verdict.reason.to_string(),
    }
}
