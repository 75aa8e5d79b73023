//! The keys of `hotcold.toml`, of `[tool.hotcold]` and of the evidence file: from text to checked values.
//! Pure; names of other files are returned, not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use globset::Glob;
use toml::de::DeValue;

use super::error::ConfigError;
use super::exclude::glob;
use super::table::{Bounds, Document, Placed, Table};
use super::version::PythonVersion;
use super::{Placement, TypeHints};
use crate::evidence::{ModuleEvidence, Pin, Source};
use crate::name::ModuleName;
use crate::policy::{CostModel, Policy};

/// What one configuration file says; `None` where it says nothing.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    pub extend: Option<Placed<String>>,
    pub evidence: Option<Placed<String>>,
    pub target_version: Option<PythonVersion>,
    pub exclude: Option<Vec<Glob>>,
    pub exception_comments: Option<bool>,
    pub type_hints: Option<TypeHints>,
    pub placement: Option<Placement>,
    pub side_effects: Vec<ModuleName>,
    pub entries: Option<Vec<(ModuleName, Source)>>,
    pub policy: PolicyLayer,
    pub modules: BTreeMap<ModuleName, ModuleEvidence>,
}

/// The keys of `[policy]` that one file sets.
#[derive(Debug, Clone, Default)]
pub struct PolicyLayer {
    heavy_ms: Option<f64>,
    hot_percent: Option<f64>,
    daily_requests: Option<f64>,
    cold_start_percent: Option<f64>,
    lazy_load_overhead_ms: Option<f64>,
    cost_model: Option<CostModel>,
    hot_path_exceptions: Option<bool>,
    pub light_ms: Option<Placed<f64>>,
    /// Where each of these keys stands.
    pub sources: BTreeMap<String, Source>,
}

const KEYS: [&str; 11] = [
    "target-version",
    "evidence",
    "exclude",
    "extend",
    "exception-comments",
    "type-hints",
    "placement",
    "side-effects",
    "entries",
    "policy",
    "modules",
];

const POLICY_KEYS: [&str; 8] = [
    "heavy-ms",
    "hot-percent",
    "daily-requests",
    "cold-start-percent",
    "lazy-load-overhead-ms",
    "cost-model",
    "hot-path-exceptions",
    "light-ms",
];

/// The keys of `[policy]` that logs tell.
const MEASURED_POLICY_KEYS: [&str; 2] = ["daily-requests", "cold-start-percent"];

const MODULE_KEYS: [&str; 5] = ["import-ms", "usage-percent", "critical-path", "pin", "loads"];

/// Reads a `hotcold.toml`.
pub fn configuration(document: &Document<'_>) -> Result<Layer, ConfigError> {
    let parsed = document.parse()?;
    layer(&Table::new(document, "", &parsed))
}

/// Reads `[tool.hotcold]` of a `pyproject.toml`; `None` if it has none.
pub fn pyproject(document: &Document<'_>) -> Result<Option<Layer>, ConfigError> {
    let parsed = match document.parse() {
        Ok(parsed) => parsed,
        // A broken project file that does not speak of hotcold is the business of others.
        Err(_) if !document.text.contains("hotcold") => return Ok(None),
        Err(error) => return Err(error),
    };
    let root = Table::new(document, "", &parsed);
    let Some(DeValue::Table(_)) = root.get("tool").map(|value| value.get_ref()) else { return Ok(None) };
    match root.table("tool")?.map(|tool| tool.table("hotcold")).transpose()?.flatten() {
        Some(table) => layer(&table).map(Some),
        None => Ok(None),
    }
}

/// What an evidence file says.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub modules: BTreeMap<ModuleName, ModuleEvidence>,
    pub policy: PolicyLayer,
}

/// Whether a configuration may name the module.
pub fn is_key(module: &ModuleName) -> bool {
    let is_identifier = |part: &str| {
        !part.starts_with(|character: char| character.is_ascii_digit())
            && part.chars().all(|character| character.is_alphanumeric() || character == '_')
    };
    module.as_str().split('.').all(is_identifier)
}

/// Reads an evidence file.
pub fn evidence(document: &Document<'_>) -> Result<Evidence, ConfigError> {
    let parsed = document.parse()?;
    let root = Table::new(document, "", &parsed);
    root.only(&["modules", "policy", "source", "version"])?;
    let policy = root.table("policy")?.map(|table| measured_policy(&table)).transpose()?.unwrap_or_default();
    let mut evidence = Evidence { modules: BTreeMap::new(), policy };
    let Some(modules) = root.table("modules")? else { return Ok(evidence) };
    for key in modules.keys() {
        let (name, table) = module_table(&modules, &key)?;
        table.only(&["import-ms", "usage-percent", "loads", "source"])?;
        let mut found = figures(&table)?;
        let source = |figure| detail(&table, figure).or_else(|| detail(&root, figure));
        if let Some(place) = &mut found.sources.import_ms {
            place.detail = source("import-ms");
        }
        if let Some(place) = &mut found.sources.usage_percent {
            place.detail = source("usage-percent");
        }
        evidence.modules.insert(name, found);
    }
    Ok(evidence)
}

impl Layer {
    /// Takes from the file that this one extends what is unsaid here.
    pub fn over(self, base: Layer) -> Layer {
        let mut modules = base.modules;
        for (name, own) in self.modules {
            let merged = match modules.get(&name) {
                Some(weaker) => own.or(weaker),
                None => own,
            };
            modules.insert(name, merged);
        }
        let mut side_effects = base.side_effects;
        side_effects.extend(self.side_effects);
        side_effects.sort();
        side_effects.dedup();
        Layer {
            extend: self.extend,
            evidence: self.evidence,
            target_version: self.target_version.or(base.target_version),
            exclude: self.exclude.or(base.exclude),
            exception_comments: self.exception_comments.or(base.exception_comments),
            type_hints: self.type_hints.or(base.type_hints),
            placement: self.placement.or(base.placement),
            side_effects,
            entries: self.entries.or(base.entries),
            policy: self.policy.over(base.policy),
            modules,
        }
    }
}

impl PolicyLayer {
    pub fn over(self, base: PolicyLayer) -> PolicyLayer {
        let mut sources = base.sources;
        sources.extend(self.sources);
        PolicyLayer {
            sources,
            heavy_ms: self.heavy_ms.or(base.heavy_ms),
            hot_percent: self.hot_percent.or(base.hot_percent),
            daily_requests: self.daily_requests.or(base.daily_requests),
            cold_start_percent: self.cold_start_percent.or(base.cold_start_percent),
            lazy_load_overhead_ms: self.lazy_load_overhead_ms.or(base.lazy_load_overhead_ms),
            cost_model: self.cost_model.or(base.cost_model),
            hot_path_exceptions: self.hot_path_exceptions.or(base.hot_path_exceptions),
            light_ms: self.light_ms.or(base.light_ms),
        }
    }

    pub fn policy(&self) -> Policy {
        let default = Policy::default();
        Policy {
            heavy_ms: self.heavy_ms.unwrap_or(default.heavy_ms),
            hot_percent: self.hot_percent.unwrap_or(default.hot_percent),
            daily_requests: self.daily_requests.unwrap_or(default.daily_requests),
            cold_start_percent: self.cold_start_percent.unwrap_or(default.cold_start_percent),
            lazy_load_overhead_ms: self.lazy_load_overhead_ms.unwrap_or(default.lazy_load_overhead_ms),
            cost_model: self.cost_model.unwrap_or(default.cost_model),
            hot_path_exceptions: self.hot_path_exceptions.unwrap_or(default.hot_path_exceptions),
            light_ms: self.light_ms.as_ref().map(|placed| placed.value),
        }
    }
}

fn layer(table: &Table<'_, '_>) -> Result<Layer, ConfigError> {
    table.only(&KEYS)?;
    Ok(Layer {
        extend: table.string("extend")?,
        evidence: table.string("evidence")?,
        target_version: checked(table, table.string("target-version")?, |text| text.parse())?,
        exclude: globs(table)?,
        exception_comments: table.boolean("exception-comments")?.map(|placed| placed.value),
        type_hints: table.choice("type-hints", &TypeHints::ALL)?,
        placement: table.choice("placement", &Placement::ALL.map(|placement| (placement.name(), placement)))?,
        side_effects: table
            .strings("side-effects")?
            .unwrap_or_default()
            .iter()
            .map(|name| module_name(table.document, name))
            .collect::<Result<_, _>>()?,
        entries: entries(table)?,
        policy: table.table("policy")?.map(|table| policy(&table)).transpose()?.unwrap_or_default(),
        modules: table.table("modules")?.map(|table| modules(&table)).transpose()?.unwrap_or_default(),
    })
}

fn entries(table: &Table<'_, '_>) -> Result<Option<Vec<(ModuleName, Source)>>, ConfigError> {
    let Some(names) = table.strings("entries")? else { return Ok(None) };
    let place = |name: &Placed<String>| source(table.document, &name.span);
    names.iter().map(|name| Ok((module_name(table.document, name)?, place(name)))).collect::<Result<_, _>>().map(Some)
}

fn globs(table: &Table<'_, '_>) -> Result<Option<Vec<Glob>>, ConfigError> {
    let Some(patterns) = table.strings("exclude")? else { return Ok(None) };
    let parse = |pattern: Placed<String>| {
        glob(&pattern.value)
            .map_err(|message| table.document.error(pattern.span, format!("`exclude` holds no glob: {message}")))
    };
    patterns.into_iter().map(parse).collect::<Result<_, _>>().map(Some)
}

fn policy(table: &Table<'_, '_>) -> Result<PolicyLayer, ConfigError> {
    table.only(&POLICY_KEYS)?;
    let number = |key, bounds| table.number(key, bounds).map(|placed| placed.map(|placed| placed.value));
    let models: Vec<(&str, CostModel)> = CostModel::ALL.iter().map(|model| (model.name(), *model)).collect();
    Ok(PolicyLayer {
        heavy_ms: number("heavy-ms", Bounds::NotNegative)?,
        hot_percent: number("hot-percent", Bounds::Percent)?,
        daily_requests: number("daily-requests", Bounds::Positive)?,
        cold_start_percent: number("cold-start-percent", Bounds::Percent)?,
        lazy_load_overhead_ms: number("lazy-load-overhead-ms", Bounds::NotNegative)?,
        cost_model: table.choice("cost-model", &models)?,
        hot_path_exceptions: table.boolean("hot-path-exceptions")?.map(|placed| placed.value),
        light_ms: table.number("light-ms", Bounds::NotNegative)?,
        sources: table.keys().into_iter().map(|key| (key.value, source(table.document, &key.span))).collect(),
    })
}

/// The `[policy]` of an evidence file.
fn measured_policy(table: &Table<'_, '_>) -> Result<PolicyLayer, ConfigError> {
    table.only(&[MEASURED_POLICY_KEYS[0], MEASURED_POLICY_KEYS[1], "source"])?;
    let number = |key, bounds| table.number(key, bounds).map(|placed| placed.map(|placed| placed.value));
    let sources = table.keys().into_iter().filter(|key| key.value != "source").map(|key| {
        let detail = detail(table, &key.value);
        (key.value, Source { detail, ..source(table.document, &key.span) })
    });
    Ok(PolicyLayer {
        daily_requests: number("daily-requests", Bounds::Positive)?,
        cold_start_percent: number("cold-start-percent", Bounds::Percent)?,
        sources: sources.collect(),
        ..PolicyLayer::default()
    })
}

fn modules(table: &Table<'_, '_>) -> Result<BTreeMap<ModuleName, ModuleEvidence>, ConfigError> {
    let mut modules = BTreeMap::new();
    for key in table.keys() {
        let (name, table) = module_table(table, &key)?;
        modules.insert(name, module(&table)?);
    }
    Ok(modules)
}

fn module_table<'a, 't>(
    modules: &Table<'a, 't>,
    key: &Placed<String>,
) -> Result<(ModuleName, Table<'a, 't>), ConfigError> {
    let name = module_name(modules.document, key)?;
    let table = modules.table(&key.value)?.expect("the key was found in the table");
    // `[modules.google.cloud]` without quotes is a table in a table.
    let nested = table.keys().into_iter().find(|inner| {
        inner.value != "source" && matches!(table.get(&inner.value).map(|v| v.get_ref()), Some(DeValue::Table(_)))
    });
    match nested {
        Some(inner) if !MODULE_KEYS.contains(&inner.value.as_str()) => {
            let message = format!("a dotted module name must be quoted in `[{}.{}]`", table.name, inner.value);
            let help = format!("write `[{}.\"{}.{}\"]`", modules.name, key.value, inner.value);
            Err(modules.document.error(inner.span, message).help(help))
        }
        _ => Ok((name, table)),
    }
}

fn module(table: &Table<'_, '_>) -> Result<ModuleEvidence, ConfigError> {
    table.only(&MODULE_KEYS)?;
    let mut evidence = figures(table)?;
    if let Some(critical_path) = table.boolean("critical-path")? {
        evidence.critical_path = critical_path.value;
        evidence.sources.critical_path = Some(source(table.document, &critical_path.span));
    }
    evidence.pin = table.choice("pin", &[("module", Pin::Module), ("function", Pin::Function)])?;
    evidence.sources.pin = evidence.pin.map(|_| source(table.document, &table.key_span("pin")));
    Ok(evidence)
}

/// What configuration and evidence share.
fn figures(table: &Table<'_, '_>) -> Result<ModuleEvidence, ConfigError> {
    let mut evidence = ModuleEvidence::default();
    if let Some(import_ms) = table.number("import-ms", Bounds::NotNegative)? {
        evidence.import_ms = Some(import_ms.value);
        evidence.sources.import_ms = Some(source(table.document, &import_ms.span));
    }
    if let Some(usage_percent) = table.number("usage-percent", Bounds::Percent)? {
        evidence.usage_percent = Some(usage_percent.value);
        evidence.sources.usage_percent = Some(source(table.document, &usage_percent.span));
    }
    if let Some(loads) = table.strings("loads")? {
        let loads = loads.iter().map(|name| module_name(table.document, name));
        evidence.loads = Some(loads.collect::<Result<BTreeSet<_>, _>>()?);
    }
    Ok(evidence)
}

fn source(document: &Document<'_>, span: &Range<usize>) -> Source {
    Source { file: document.path.to_owned(), line: document.line(span.start), detail: None }
}

/// What the `source` table says about a figure: its own entry if it has one, else the whole table, as text.
fn detail(table: &Table<'_, '_>, figure: &str) -> Option<String> {
    let source = table.get("source")?;
    if let DeValue::Table(entries) = source.get_ref()
        && let Some((_, entry)) = entries.iter().find(|(key, _)| key.get_ref() == figure)
    {
        return Some(plain(entry.get_ref()));
    }
    Some(plain(source.get_ref()))
}

fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect::<Vec<_>>().join(", "),
        DeValue::Table(entries) => {
            let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                format!("{key} = {}", plain(value.get_ref()))
            };
            entries.iter().map(entry).collect::<Vec<_>>().join(", ")
        }
    }
}

fn module_name(document: &Document<'_>, name: &Placed<String>) -> Result<ModuleName, ConfigError> {
    ModuleName::new(&name.value).filter(is_key).ok_or_else(|| {
        let help = "write it as Python imports it, such as `google.cloud.bigquery`";
        document.error(name.span.clone(), format!("`{}` is no module name", name.value)).help(help)
    })
}

fn checked<T>(
    table: &Table<'_, '_>,
    text: Option<Placed<String>>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, ConfigError> {
    text.map(|text| parse(&text.value).map_err(|message| table.document.error(text.span, message))).transpose()
}
