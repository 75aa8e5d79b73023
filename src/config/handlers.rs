//! Handlers that deployment templates name: `Handler: app.handler.main` of AWS SAM and CloudFormation, `handler:
//! app/handler.main` of the Serverless Framework. Read leniently, as a stream: tags such as `!Ref` and aliases are nothing
//! to it, and a fault in the template is the business of other tools.

use saphyr_parser::{Event, Parser};

use crate::name::ModuleName;

/// The files that may name handlers.
pub const FILES: [&str; 4] = ["serverless.yaml", "serverless.yml", "template.yaml", "template.yml"];

/// The modules that a file of that name gives as handlers, in the order of the text. Handlers in other languages are among
/// them: which are modules of the project, the project tells.
pub fn read(path: &str, text: &str) -> Vec<ModuleName> {
    let is_handler: fn(&[&str]) -> bool = match path.rsplit('/').next() {
        Some("template.yaml" | "template.yml") => {
            |keys| matches!(keys, ["Resources", _, "Properties", "Handler"] | ["Globals", "Function", "Handler"])
        }
        Some("serverless.yaml" | "serverless.yml") => {
            |keys| matches!(keys, ["functions", _, "handler"] | ["functions", _, _, "handler"])
        }
        _ => return Vec::new(),
    };
    let mut found: Vec<ModuleName> = Vec::new();
    values(text, &mut |keys, value| {
        let Some(module) = is_handler(keys).then(|| module(value)).flatten() else { return };
        if !found.contains(&module) {
            found.push(module);
        }
    });
    found
}

/// `app/handler.main` and `app.handler.main` call `main` of `app.handler`.
fn module(handler: &str) -> Option<ModuleName> {
    let (module, _) = handler.trim().trim_start_matches("./").rsplit_once('.')?;
    ModuleName::new(&module.replace('/', "."))
}

/// What a collection of a YAML document waits for.
enum Level {
    Sequence,
    Key,
    Value(String),
}

/// Gives each plain value with the keys that lead to it; an element of a sequence has the empty key. Stops at a fault.
fn values(text: &str, take: &mut dyn FnMut(&[&str], &str)) {
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else { return };
        match event {
            Event::Scalar(value, _, _, tag) => match levels.last_mut() {
                Some(level @ Level::Key) => *level = Level::Value(value.into_owned()),
                _ => {
                    let keys: Vec<&str> = levels.iter().map(key).collect();
                    // What a tag makes of its value, only its tool knows.
                    if tag.is_none() {
                        take(&keys, &value);
                    }
                    end_of_value(&mut levels);
                }
            },
            Event::Alias(_) => end_of_value(&mut levels),
            Event::SequenceStart(..) => levels.push(Level::Sequence),
            Event::MappingStart(..) => levels.push(Level::Key),
            Event::SequenceEnd | Event::MappingEnd => {
                levels.pop();
                end_of_value(&mut levels);
            }
            Event::DocumentStart(_) => levels.clear(),
            _ => {}
        }
    }
}

fn key(level: &Level) -> &str {
    match level {
        Level::Value(key) => key,
        Level::Sequence | Level::Key => "",
    }
}

/// A key that is no plain value is one without a name.
fn end_of_value(levels: &mut [Level]) {
    if let Some(level) = levels.last_mut() {
        match level {
            Level::Sequence => {}
            Level::Key => *level = Level::Value(String::new()),
            Level::Value(_) => *level = Level::Key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        read(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn handlers_of_a_sam_template_are_found_among_tags() {
        let text = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Handler: app.shared.main, Runtime: python3.12}
Resources:
  Table: !GetAtt Other.Arn
  One:
    Type: AWS::Serverless::Function
    Properties:
      Role: !Sub \"arn:${X}\"
      Policies: [!Ref P, *alias]
      Environment: &env
        Variables: {Handler: not.this.one}
      Handler: app.handler.main
  Two:
    Properties:
      <<: *env
      Handler: !Sub \"${Module}.main\"
  Three:
    Properties:
      Handler: 'app.handler.other'
  ? [complex, key]
  : Properties: {Handler: odd.key}
Outputs:
  Handler: no.such.one
";
        // The alias that is not defined ends what can be read, as in other tools.
        assert_eq!(shown("x/template.yaml", text), ["app.shared"]);
        assert_eq!(shown("template.yml", &text.replace(", *alias", "")), ["app.shared", "app.handler", "odd"]);
        assert!(shown("other.yaml", text).is_empty());
    }

    #[test]
    fn handlers_of_the_serverless_framework_are_paths_with_a_function() {
        let text = "functions:\n  one: {handler: app/handler.main}\n  two:\n    handler: ./two.main\n  three: ${file(x.yml)}\n";
        assert_eq!(shown("serverless.yml", text), ["app.handler", "two"]);
        let list = "functions:\n  - one: {handler: a/b.main}\n  - ${file(x.yml)}\n";
        assert_eq!(shown("serverless.yaml", list), ["a.b"]);
    }

    #[test]
    fn a_template_that_is_none_names_nothing() {
        for text in ["", "]", "{", "\u{0}", "Resources: [[[", "a: *b", "? ? ?", "--- !<tag:x> {", "- - - -\n x"] {
            assert!(shown("template.yaml", text).is_empty(), "{text:?}");
        }
        let deep = "[".repeat(20_000);
        assert!(shown("template.yaml", &deep).is_empty());
        let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nResources: {R: {Properties: {Handler: *b}}}\n";
        assert!(shown("template.yaml", laughs).is_empty());
    }

    /// Cut anywhere, and with characters of it changed.
    #[test]
    fn a_damaged_template_never_panics() {
        let text = "Resources:\n  A: &a\n    Properties: {Handler: 'app.main', ? [x]: !Sub \"${Y}\"}\n  B: *a\n  C: |\n    x\n";
        let mut state: u64 = 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        for _ in 0..3000 {
            let mut damaged: Vec<char> = text.chars().take(next() % text.len()).collect();
            for _ in 0..next() % 12 {
                let at = next() % (damaged.len() + 1);
                damaged.insert(
                    at,
                    [':', '-', '[', '}', '&', '*', '!', '|', '\t', '\n', '\'', 'ü', '\u{0}', '%'][next() % 14],
                );
            }
            let _ = read("template.yaml", &damaged.into_iter().collect::<String>());
        }
    }
}
