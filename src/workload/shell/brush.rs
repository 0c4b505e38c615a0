//! The parser crate's functions, as the shell calls them. On some malformed texts the crate panics; here that is an error
//! like any other, for a script comes from a user.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use brush_parser::word::{BraceExpressionOrText, WordPieceWithSource};
use brush_parser::{ParserOptions, Token, ast};

thread_local! {
    /// Is the parser at work in this thread?
    static PARSES: Cell<bool> = const { Cell::new(false) };
}

/// What is said of a text at which the parser panicked.
pub(super) const PANICKED: &str = "the script is malformed";

/// Puts a hook before the process' own that keeps what the parser's panics say from standard error: for programs. They end
/// in errors with or without it.
pub fn silence_parser() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        if !PARSES.get() {
            before(info);
        }
    }));
}

/// Runs one of the parser's functions: what it made, or in its words why it could not.
fn contained<T, E: Display>(parse: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    PARSES.set(true);
    // It owns no state that a panic could leave half done.
    let outcome = catch_unwind(AssertUnwindSafe(parse));
    PARSES.set(false);
    outcome.map_err(|_| PANICKED.to_owned())?.map_err(|error| error.to_string())
}

pub(super) fn tokens(script: &str, options: &ParserOptions) -> Result<Vec<Token>, String> {
    contained(|| brush_parser::uncached_tokenize_str(script, &options.tokenizer_options()))
}

pub(super) fn program(tokens: &[Token], options: &ParserOptions) -> Result<ast::Program, String> {
    contained(|| brush_parser::parse_tokens(tokens, options))
}

pub(super) fn word(text: &str, options: &ParserOptions) -> Result<Vec<WordPieceWithSource>, String> {
    contained(|| brush_parser::word::parse(text, options))
}

pub(super) fn here_document(text: &str, options: &ParserOptions) -> Result<Vec<WordPieceWithSource>, String> {
    contained(|| brush_parser::word::parse_heredoc(text, options))
}

pub(super) fn braces(text: &str, options: &ParserOptions) -> Result<Option<Vec<BraceExpressionOrText>>, String> {
    contained(|| brush_parser::word::parse_brace_expansions(text, options))
}

pub(super) fn arithmetic(text: &str) -> Result<ast::ArithmeticExpr, String> {
    contained(|| brush_parser::arithmetic::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_parser_is_an_error() {
        silence_parser();
        let panicking = || -> Result<(), String> { panic!("as the crate does") };
        assert_eq!(contained(panicking), Err(PANICKED.to_owned()));
        assert!(!PARSES.get());
        assert_eq!(contained(|| Err::<(), _>("words")), Err("words".to_owned()));
        assert_eq!(contained(|| Ok::<_, String>(1)), Ok(1));
    }
}
