//! What is known of libraries: which evaluate the annotations of what they are given, and which never do. No analysis of
//! the user's code can find that out.

/// Libraries that evaluate the annotations of functions, classes or arguments given to them. Sorted.
#[rustfmt::skip]
const READERS: &[&str] = &[
    "ag2", "agents", "aiogram", "aiohttp_pydantic", "airflow", "apache_beam", "apischema", "argh", "arguably",
    "autogen", "aws_lambda_powertools", "beanie", "beartype", "blacksheep", "cattr", "cattrs", "chex", "clize",
    "confz", "crewai", "cyclopts", "dacite", "dagster", "dataclass_wizard", "dataclasses_json", "defopt",
    "dependency_injector", "desert", "discord", "dishka", "disnake", "dspy", "esmerald", "fastapi", "fastmcp",
    "faststream", "flask_openapi3", "flask_pydantic", "flytekit", "graphene_pydantic", "haystack", "hydra_zen",
    "hypothesis", "injector", "instructor", "jaxtyping", "jsonargparse", "jsons", "kfp", "lagom", "langchain",
    "langchain_core", "langgraph", "litestar", "llama_index", "marshmallow_dataclass", "marvin", "mashumaro", "mcp",
    "modal", "msgspec", "multimethod", "nextcord", "ninja", "ninja_extra", "odmantic", "ormar", "ovld", "pandera",
    "piccolo", "plac", "plum", "polyfactory", "prefect", "punq", "pydantic", "pydantic_ai", "pydantic_settings",
    "pyserde", "quart_schema", "robyn", "rodi", "runtype", "sanic_ext", "semantic_kernel", "serde", "simple_parsing",
    "smolagents", "spectree", "sqlalchemy", "sqlmodel", "starlite", "strawberry", "svcs", "tap", "taskiq", "torch", "tortoise",
    "typedload", "typeguard", "typer", "typic", "typical", "tyro", "wireup", "zenml",
];

/// Libraries whose decorators and base classes never evaluate annotations. Sorted.
#[rustfmt::skip]
const BLIND: &[&str] = &[
    "attr", "attrs", "backoff", "boto3", "botocore", "cachetools", "celery", "chalice", "click", "click_option_group",
    "contextlib2", "decorator", "deprecated", "deprecation", "django", "docutils", "flask", "freezegun", "gunicorn",
    "jinja2", "lxml", "markdown", "matplotlib", "mock", "moto", "numpy", "pandas", "parameterized", "pygments",
    "pyparsing", "pytest", "pytest_asyncio", "requests", "requests_mock", "responses", "retry",
    "retrying", "rich", "scipy", "setuptools", "simplejson", "six", "sklearn", "sphinx", "starlette", "tenacity",
    "tornado", "tqdm", "twisted", "typing_extensions", "urllib3", "vcr", "watchdog", "werkzeug", "wrapt", "yaml",
];

/// Packages of libraries of which the same is known, and nothing of the rest. Sorted.
const BLIND_PACKAGES: &[&str] = &["ray.data"];

/// Functions of the standard library that do evaluate annotations when they decorate something.
const READING: &[&str] = &["functools.singledispatch.register", "functools.singledispatchmethod.register"];

pub(in crate::project) fn reads_annotations(root: &str) -> bool {
    READERS.binary_search(&root).is_ok()
}

/// The libraries of [`reads_annotations`].
pub(in crate::project) fn readers() -> &'static [&'static str] {
    READERS
}

/// Whether neither a decorator of this name nor a base class of it evaluates annotations. `is_stdlib` tells modules of
/// the standard library.
pub(super) fn is_blind(dotted: &str, is_stdlib: impl Fn(&str) -> bool) -> bool {
    let root = dotted.split('.').next().unwrap_or(dotted);
    if READING.contains(&dotted) || dotted.ends_with(".register") {
        return false;
    }
    let mut packages = dotted.match_indices('.').map(|(dot, _)| &dotted[..dot]);
    let is_known = packages.any(|package| BLIND_PACKAGES.binary_search(&package).is_ok());
    is_known || root == "builtins" || BLIND.binary_search(&root).is_ok() || is_stdlib(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_share_nothing() {
        assert!(READERS.is_sorted() && BLIND.is_sorted() && BLIND_PACKAGES.is_sorted());
        assert!(READERS.iter().all(|name| !BLIND.contains(name)));
    }
}
