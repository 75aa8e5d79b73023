//! Usage logging in the user's files: `track_module_usage("boto3")` in each function that uses a configured module, the
//! import of that function, and the module that holds it. A function from texts to proved texts: reads no disk, writes
//! nothing.
//!
//! Tests and the like are left out: they serve no request.

mod helper;
mod lower;
mod place;
mod remove;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::name::ModuleName;
use crate::outcome::Problem;
use crate::pipeline::{self, Input};
use crate::plan::{Facts, File, NOTHING_DECLINED, Safety};
use crate::project::{FileId, Project, ScanKind};
use crate::python::{self, Module, TRACKER, Tracking};
use crate::semantic::Model;
use crate::sort::Sections;
use crate::startup;
use crate::text::LineColumn;
use crate::verify::{self, Rewrite, Wanted};
use helper::Owner;
use lower::Layout;
use place::{Home, Places};
use uses::Uses;

/// What is done with usage logging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// What the configuration asks for is there, and nothing else.
    Add,
    Remove,
}

/// What a run reads.
pub struct Inputs {
    pub files: Vec<Input>,
    pub aim: Aim,
    /// The module that holds the function, if the user says which.
    pub module: Option<ModuleName>,
}

/// Something that gets no usage logging, or from which none can be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub place: Option<LineColumn>,
    pub message: String,
}

/// What happens to a module that logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    pub path: String,
    pub change: Change,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Create,
    Delete,
}

/// A changed file.
#[derive(Debug)]
pub struct Tracked {
    pub rewrite: Rewrite,
    /// The path of the module that it imports from now.
    pub helper: Option<String>,
}

/// The modules whose use is logged in these files, as far as they can be read.
pub fn tracked_modules(files: &[Input]) -> BTreeSet<ModuleName> {
    let of_file = |file: &Input| -> Vec<ModuleName> {
        let Ok(module) = python::parse(file.text.clone()) else { return Vec::new() };
        let tracking = Tracking::of(&module, &|_| true);
        tracking.calls.iter().filter_map(|call| ModuleName::new(call.module)).collect()
    };
    let logging = files.par_iter().filter(|file| file.text.contains(TRACKER));
    logging.flat_map_iter(of_file).collect()
}

/// What a run found. Everything is sorted by path.
#[derive(Debug, Default)]
pub struct Outcome {
    pub files: Vec<Tracked>,
    pub helpers: Vec<Helper>,
    pub refusals: Vec<(String, Refusal)>,
    pub problems: Vec<Problem>,
    /// Calls that the selected files hold after the run.
    pub calls: usize,
    /// The modules that they name.
    pub modules: BTreeSet<ModuleName>,
}

/// One file: what it has, and what it should have.
struct Subject<'f> {
    input: &'f Input,
    uses: Uses,
    has: BTreeSet<(usize, ModuleName)>,
    /// The module that it imports the function from.
    imports: Option<ModuleName>,
    is_tidy: bool,
}

/// Adds, updates or takes away usage logging in every selected file, with the whole project in sight.
pub fn run(inputs: Inputs) -> Outcome {
    let mut files = inputs.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let project = pipeline::index(&files);
    let places = Places::new(&files, &project, inputs.module.as_ref());
    let sections = pipeline::sections(&files, &pipeline::first_party(&files));
    let mut outcome = Outcome::default();

    let read: Vec<_> =
        files.par_iter().filter_map(|file| read(file, inputs.aim, &project, &places).transpose()).collect();
    let mut subjects = Vec::new();
    for found in read {
        match found {
            Ok(subject) => subjects.push(subject),
            Err(problem) => outcome.problems.push(problem),
        }
    }
    let homes = homes(&mut subjects, &places, &mut outcome);
    let changed: Vec<_> = subjects
        .par_iter()
        .zip(&homes)
        .map(|(subject, home)| {
            let sections = &sections[&pipeline::address(&subject.input.config)];
            change(subject, home.as_ref(), &places, sections)
        })
        .collect();
    let mut after: BTreeMap<&str, Option<&Home>> = BTreeMap::new();
    for ((subject, home), changed) in subjects.iter().zip(&homes).zip(changed) {
        let path = &subject.input.path;
        outcome.refusals.extend(subject.uses.refusals.iter().map(|refusal| (path.clone(), refusal.clone())));
        match changed {
            Ok(rewrite) => {
                after.insert(path, home.as_ref());
                outcome.calls += subject.uses.calls.len();
                outcome.modules.extend(subject.uses.calls.iter().map(|(_, module)| module.clone()));
                let helper = home.as_ref().map(Home::path);
                outcome.files.extend(rewrite.map(|rewrite| Tracked { rewrite, helper }));
            }
            Err(refusal) => outcome.refusals.push((path.clone(), refusal)),
        }
    }
    outcome.helpers = helpers(&files, &project, &places, &after);
    outcome.problems.sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
    outcome.refusals.sort_by(|a, b| (&a.0, a.1.place).cmp(&(&b.0, b.1.place)));
    outcome
}

/// What there is to do in a file; `None` for one that is not looked at.
fn read<'f>(
    input: &'f Input,
    aim: Aim,
    project: &Project,
    places: &Places<'_>,
) -> Result<Option<Subject<'f>>, Problem> {
    let may_track = aim == Aim::Add && !startup::is_apart(&input.path) && names_a_module(input);
    let concerned = input.text.contains(TRACKER) || may_track;
    if !input.selected || !input.rewritable || !concerned || places.is_helper(&input.path) {
        return Ok(None);
    }
    let module = pipeline::parse(input)?;
    let Some(id) = project.find(&input.path).filter(|_| !pipeline::opted_out(&module)) else { return Ok(None) };
    let model = Model::new(&module);
    let tracking = Tracking::of(&module, &|name| places.is_home(name));
    let imports = tracking.imports.first().and_then(|import| import.stmt.as_import()?.tracker_home());
    let has: Vec<(usize, ModuleName)> = calls(&model, &tracking);
    let mut subject = Subject {
        input,
        uses: Uses::default(),
        imports: imports.and_then(ModuleName::new),
        is_tidy: tracking.imports.len() <= 1 && tracking.calls.len() == has.len(),
        has: has.iter().cloned().collect(),
    };
    subject.is_tidy &= subject.has.len() == has.len();
    if may_track {
        subject.uses = wanted(input, &module, &model, project, id);
    }
    if let Some(place) = uses::other_tracker(&model, &tracking)
        && !(subject.uses.calls.is_empty() && tracking.is_empty())
    {
        let place = Some(module.line_column(place));
        let message = format!("the file has a `{TRACKER}` of its own, or uses hotcold's in another way");
        subject.uses =
            Uses { calls: subject.has.clone(), refusals: vec![Refusal { code: "name-taken", place, message }] };
    }
    Ok(Some(subject))
}

/// Whether the text may import a configured module.
fn names_a_module(input: &Input) -> bool {
    let roots: BTreeSet<&str> = input.config.modules.keys().map(ModuleName::last).collect();
    let tops = input.config.modules.keys().map(ModuleName::root);
    roots.into_iter().chain(tops).any(|root| input.text.contains(root))
}

fn wanted(input: &Input, module: &Module, model: &Model<'_>, project: &Project, id: FileId) -> Uses {
    let facts = Facts::new(module, model);
    let (only, declined, safety) = (&[], NOTHING_DECLINED, Safety::Safe);
    let file = File { module, model, project, id, config: &input.config, only, declined, safety, facts };
    let uses = uses::of(&file);
    let scanned = project.scans_of(id).find(|(_, scan)| scan.kind == ScanKind::Reads);
    match scanned {
        Some((user, scan)) if !uses.calls.is_empty() => {
            let message =
                format!("{}:{} takes all names of the module, and would find one more", user.path, scan.place);
            Uses { calls: BTreeSet::new(), refusals: vec![Refusal { code: "namespace-scanned", place: None, message }] }
        }
        _ => uses,
    }
}

/// The calls that stand in functions.
fn calls(model: &Model<'_>, tracking: &Tracking<'_>) -> Vec<(usize, ModuleName)> {
    let functions = uses::functions(model);
    let claim = |call: &python::Call<'_>| {
        let name = call.function.filter(|function| std::ptr::eq(&function.body, call.at.block))?.name.span.start();
        let number = functions.binary_search_by_key(&name, |(start, _)| *start).ok()?;
        Some((number, ModuleName::new(call.module)?))
    };
    tracking.calls.iter().filter_map(claim).collect()
}

/// The module that each file imports from after the run. Files that cannot have one get no calls.
fn homes(subjects: &mut [Subject<'_>], places: &Places<'_>, outcome: &mut Outcome) -> Vec<Option<Home>> {
    let keeps = |subject: &Subject<'_>| {
        let home = places.imported(&subject.input.path, subject.imports.as_ref()?);
        let is_free = places.is_taken(&home).is_none() && places.wishes(&home);
        is_free.then_some(home)
    };
    let mut homes: Vec<Option<Home>> = subjects.iter().map(keeps).collect();
    let open: Vec<usize> =
        (0..subjects.len()).filter(|at| homes[*at].is_none() && !subjects[*at].uses.calls.is_empty()).collect();
    let paths: Vec<&str> = open.iter().map(|at| subjects[*at].input.path.as_str()).collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (at, chosen) in open.into_iter().zip(places.choose(&paths)) {
        let subject = &mut subjects[at];
        match chosen {
            Ok(home) => match places.is_taken(&home) {
                None => homes[at] = Some(home),
                Some(message) => {
                    subject.uses.calls = subject.has.clone();
                    if taken.insert(home.path()) {
                        outcome.problems.push(Problem { path: home.path(), place: None, code: "name-taken", message });
                    }
                }
            },
            Err(refusal) => {
                subject.uses.calls = subject.has.clone();
                subject.uses.refusals.push(refusal);
            }
        }
    }
    for (subject, home) in subjects.iter().zip(&mut homes) {
        home.take_if(|_| subject.uses.calls.is_empty());
    }
    homes
}

/// The new text of a file, proved; `None` if it has what it should have.
fn change(
    subject: &Subject<'_>,
    home: Option<&Home>,
    places: &Places<'_>,
    sections: &Sections,
) -> Result<Option<Rewrite>, Refusal> {
    let calls = &subject.uses.calls;
    let same_home = subject.imports.as_ref() == home.map(|home| &home.name);
    if subject.is_tidy && *calls == subject.has && same_home {
        return Ok(None);
    }
    let fault =
        |_| Refusal { code: "parse-error", place: None, message: "cannot be read without its logging".to_owned() };
    let is_home = |name: &str| places.is_home(name) || home.is_some_and(|home| home.name.as_str() == name);
    let before = python::parse(subject.input.text.clone()).map_err(fault)?;
    let bare = remove::without(&before, &is_home);
    let wanted = Wanted { calls, is_home: &is_home };
    let without = |module: &Module| remove::without(module, &is_home);
    let prove = |after: String| verify::prove_tracking(&subject.input.path, &before, after, &wanted, without);
    let Some(home) = home.filter(|_| !calls.is_empty()) else {
        return if bare == before.text() { Ok(None) } else { prove(bare).map(Some).map_err(refused) };
    };
    let module = python::parse(bare).map_err(fault)?;
    let model = Model::new(&module);
    let sections = with_home(sections, home);
    let layout =
        Layout { module: &module, model: &model, sections: &sections, line_length: subject.input.config.line_length };
    let mut last = None;
    for text in layout.texts(calls, &home.name) {
        match prove(text) {
            Ok(rewrite) => return Ok(Some(rewrite)),
            Err(violation) => last = Some(violation),
        }
    }
    let violation = last.unwrap_or(verify::Violation::Tracking("there is no place for the import".to_owned()));
    Err(refused(violation))
}

/// What isort knows once the module that logs is there.
fn with_home(sections: &Sections, home: &Home) -> Sections {
    let mut sections = sections.clone();
    let root = home.name.root();
    let below = format!("{root}.");
    if sections.first_party.iter().any(|name| name.starts_with(&below)) {
        sections.first_party.insert(home.name.as_str().into());
    }
    sections.first_party.insert(root.into());
    sections
}

fn refused(violation: verify::Violation) -> Refusal {
    let message = format!("no way to write it leaves the rest of the file as it is: {violation}");
    Refusal { code: "layout", place: None, message }
}

/// The modules that log which must come to be, and those that nobody imports any more.
fn helpers(
    files: &[Input],
    project: &Project,
    places: &Places<'_>,
    after: &BTreeMap<&str, Option<&Home>>,
) -> Vec<Helper> {
    let needed: BTreeSet<&Home> = after.values().copied().flatten().collect();
    let create = needed.iter().filter(|home| !places.helpers.contains_key(**home)).map(|home| Helper {
        path: home.path(),
        change: Change::Create,
        text: helper::TEXT.to_owned(),
    });
    // Files that are not of the run may still need one.
    let others = project.files().filter(|(_, file)| !after.contains_key(file.path.as_str()));
    let imported: BTreeSet<&ModuleName> = others.flat_map(|(_, file)| &file.imports).collect();
    let is_unused = |home: &Home| !needed.contains(home) && !imported.contains(&home.name);
    let unused = places.helpers.iter().filter(|(home, owner)| **owner == Owner::Ours && is_unused(home));
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.clone());
    let delete = unused.filter_map(|(home, _)| {
        let text = text_of(&home.path())?;
        Some(Helper { path: home.path(), change: Change::Delete, text })
    });
    let mut helpers: Vec<Helper> = create.chain(delete).collect();
    helpers.sort_by(|a, b| (&a.path, a.change).cmp(&(&b.path, b.change)));
    helpers
}
