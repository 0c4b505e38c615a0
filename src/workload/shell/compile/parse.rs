//! Script text → tree. What the parser does not come back from (it overflows its stack, or goes on for ever) is kept from it
//! here.

use brush_parser::{SourceSpan, Token, ast};

use super::super::brush;
use super::super::code::Dialect;
use super::grammar::{self, Unexpected};
use super::{Compiled, SyntaxError, options};

/// Scripts nest at most this deep; the parser is recursive, and input must not overflow its stack.
const NESTING_MAX: usize = 64;
/// Subshells and `case`s nest at most this deep: at each level the parser tries all that an opener may begin, one after
/// another, so that its time doubles.
const BACKTRACKING_MAX: usize = 12;

/// Earlier lines that are tried, at most, where a later one is no script.
const LINES_MAX: usize = 500;

/// Parses a script. Of one that ends in lines that are none, those before run, as a shell reads no further than it must.
pub(super) fn program(script: &str, dialect: Dialect) -> Compiled<(ast::Program, Option<SyntaxError>)> {
    let error = match whole(script, dialect) {
        Ok(program) => return Ok((program, None)),
        Err(error) => error,
    };
    let SyntaxError::Grammar { line, .. } = &error else { return Err(error) };
    let ends: Vec<usize> = script.match_indices('\n').map(|(at, _)| at + 1).take(line - 1).collect();
    for end in ends.iter().rev().take(LINES_MAX) {
        if let Ok(program) = whole(&script[..*end], dialect) {
            return Ok((program, Some(error)));
        }
    }
    Err(error)
}

fn whole(script: &str, dialect: Dialect) -> Compiled<ast::Program> {
    if nesting(script) > NESTING_MAX {
        return Err(too_deep());
    }
    if has_endless_document(script, dialect) {
        return Err(SyntaxError::Syntax("a here-document without a tag".to_owned()));
    }
    let tokenize = |text: &str| brush::tokens(text, &options(dialect));
    let tokens = tokenize(script).or_else(|error| match open_documents(&error) {
        // The end of the script ends them too. A tag that no line can be stays open.
        Some(tags) => tokenize(&format!("{script}\n{tags}\n")),
        None => Err(error),
    });
    let mut tokens = tokens.map_err(|error| unterminated(&error, script, dialect))?;
    if backtracking(&tokens) > BACKTRACKING_MAX {
        return Err(too_deep());
    }
    part_from_redirections(&mut tokens, dialect);
    fill_empty_lists(&mut tokens);
    if dialect == Dialect::Ash {
        part_from_subshells(&mut tokens);
    }
    if dialect == Dialect::Bash {
        return brush::program(&tokens, &options(dialect)).map_err(|error| match grammar::check(&tokens, dialect) {
            Err(found) => refused(&found, script, dialect),
            Ok(()) => SyntaxError::Syntax(error),
        });
    }
    grammar::check(&tokens, dialect).map_err(|found| refused(&found, script, dialect))?;
    for token in &mut tokens {
        if let Token::Word(text, _) = token
            && text == "[["
            && dialect == Dialect::Dash
        {
            // A program's name like any other.
            "'[['".clone_into(text);
        }
    }
    brush::program(&tokens, &options(dialect)).map_err(SyntaxError::Syntax)
}

/// `for name in;` has no words, and the parser takes that for none given, which are the arguments: it gets one that expands to
/// nothing.
fn fill_empty_lists(tokens: &mut Vec<Token>) {
    let is_word = |token: &Token, wanted: &str| matches!(token, Token::Word(text, _) if text == wanted);
    let is_empty = |tokens: &[Token]| match tokens {
        [first, Token::Word(..), third, Token::Operator(..)] => is_word(first, "for") && is_word(third, "in"),
        _ => false,
    };
    let found: Vec<usize> =
        tokens.windows(4).enumerate().filter(|(_, four)| is_empty(four)).map(|(at, _)| at + 3).collect();
    for at in found.into_iter().rev() {
        let place = tokens[at].location().clone();
        tokens.insert(at, Token::Word("${0##*}".to_owned(), place));
    }
}

/// Tags of here-documents that the end of the script leaves open, a line each.
fn open_documents(why: &str) -> Option<String> {
    let rest = why.strip_prefix("unterminated here document sequence; tag(s) [")?;
    let (tags, _) = rest.split_once("] found at")?;
    Some(tags.split(", ").map(|tag| tag.trim_matches(['\'', '"', '\\'])).collect::<Vec<_>>().join("\n"))
}

fn last_line(script: &str) -> usize {
    1 + script.matches('\n').count()
}

/// What a shell says of a quote or a bracket that is never closed.
fn unterminated(why: &str, script: &str, dialect: Dialect) -> SyntaxError {
    if why == brush::PANICKED {
        return SyntaxError::Syntax(why.to_owned());
    }
    let line = last_line(script);
    let is = |start: &str| why.starts_with(start);
    let text = match dialect {
        Dialect::Bash if is("unterminated command") || is("unterminated expansion") => {
            let text = "unexpected EOF while looking for matching `)'".to_owned();
            return SyntaxError::Grammar { text, line: line + 1, shown: None };
        }
        _ if is("unterminated command") || is("unterminated expansion") => {
            let found =
                Unexpected { found: "end of file".to_owned(), expected: Some(")"), line: None, text: String::new() };
            return refused(&found, script, dialect);
        }
        Dialect::Ash if is("unterminated variable") => "syntax error: missing '}'",
        Dialect::Dash if is("unterminated variable") => "Syntax error: Missing '}'",
        Dialect::Ash if is("unterminated backquote") => "syntax error: EOF in backquote substitution",
        Dialect::Dash if is("unterminated backquote") => "Syntax error: EOF in backquote substitution",
        Dialect::Ash => "syntax error: unterminated quoted string",
        Dialect::Dash => "Syntax error: Unterminated quoted string",
        Dialect::Bash if is("unterminated single") => "unexpected EOF while looking for matching `''",
        Dialect::Bash if is("unterminated double") => "unexpected EOF while looking for matching `\"'",
        Dialect::Bash if is("unterminated backquote") => "unexpected EOF while looking for matching ``'",
        Dialect::Bash => "unexpected EOF while looking for matching `}'",
    };
    let line = if dialect == Dialect::Bash && is("unterminated ") { 1 } else { line };
    SyntaxError::Grammar { text: text.to_owned(), line, shown: None }
}

/// What a shell says of a token that cannot stand where it stands.
fn refused(found: &Unexpected, script: &str, dialect: Dialect) -> SyntaxError {
    let at_end = last_line(script) + usize::from(dialect == Dialect::Bash);
    let line = found.line.unwrap_or(at_end);
    let source = found.line.and_then(|line| script.lines().nth(line - 1)).map(str::to_owned);
    let expecting = match found.expected {
        Some("word") => " (expecting word)".to_owned(),
        Some(word) => format!(" (expecting \"{word}\")"),
        None => String::new(),
    };
    let what = &found.found;
    let text = match dialect {
        Dialect::Ash if what.starts_with("bad ") => format!("syntax error: {what}"),
        Dialect::Dash if what.starts_with("bad ") => format!("Syntax error: B{}", &what[1..]),
        Dialect::Ash => format!("syntax error: unexpected {what}{expecting}"),
        Dialect::Dash => format!("Syntax error: {what} unexpected{expecting}"),
        Dialect::Bash if what == "end of file" => "syntax error: unexpected end of file".to_owned(),
        Dialect::Bash => format!("syntax error near unexpected token `{}'", found.text),
    };
    SyntaxError::Grammar { text, line, shown: source.filter(|_| dialect == Dialect::Bash) }
}

fn too_deep() -> SyntaxError {
    SyntaxError::Syntax("too deeply nested".to_owned())
}

/// An upper bound of how deep constructs nest: every opener counts, closers take back.
fn nesting(script: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let words = script.split(|c: char| c.is_whitespace() || c == ';' || c == '&' || c == '|');
    for word in words {
        match word {
            "if" | "while" | "until" | "for" | "case" => depth += 1,
            "fi" | "done" | "esac" => depth = depth.saturating_sub(1),
            _ => {}
        }
        for byte in word.bytes() {
            match byte {
                b'(' | b'{' => depth += 1,
                b')' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Has the script a here-document that the tokenizer looks for the end of for ever? A tag of which nothing is left without
/// quotes, white space and control characters it finds at the end of the text again and again, and one that closes an
/// expansion it takes for that one's end. An empty one (`<<''`) is refused too, though shells take it; bash's `<<<` has none.
fn has_endless_document(script: &str, dialect: Dialect) -> bool {
    let (mut quote, mut escaped) = (None, false);
    let mut here_string_end = 0;
    for (at, letter) in script.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            _ if at < here_string_end => {}
            (None, '<') if dialect == Dialect::Bash && script[at..].starts_with("<<<") => here_string_end = at + 3,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '<') if script[at..].starts_with("<<") => {
                let rest = script[at + 2..].trim_start_matches(['-', ' ', '\t', '$', '(', '`']);
                // In double quotes, one more of these ends them.
                let quotes: &[char] = if quote.is_none() { &['\'', '"', '\\'] } else { &['\'', '\\'] };
                let tag = rest.trim_start_matches(quotes);
                let ends = tag.is_empty() || tag.starts_with(|c: char| c.is_whitespace() || "<>;&|()".contains(c));
                let is_control = tag.starts_with(|c: char| c.is_control() && c != '\n');
                let closes = |bracket: char, opening: &str| tag.starts_with(bracket) && script.contains(opening);
                if is_control || tag.len() < rest.len() && ends || closes('}', "${") || closes(')', "$(") {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// How deep subshells and `case`s nest.
fn backtracking(tokens: &[Token]) -> usize {
    let (mut parentheses, mut cases, mut deepest) = (0usize, 0usize, 0);
    for token in tokens {
        match token {
            Token::Operator(text, _) if text.starts_with('(') => parentheses += text.len(),
            Token::Operator(text, _) if text == ")" => parentheses = parentheses.saturating_sub(1),
            Token::Word(text, _) if text == "case" => cases += 1,
            Token::Word(text, _) if text == "esac" => cases = cases.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(parentheses + cases);
    }
    deepest
}

/// `((` is two subshells to ash: a command that does nothing between them keeps the parser from taking it for arithmetic.
fn part_from_subshells(tokens: &mut Vec<Token>) {
    let is_open = |token: &Token| matches!(token, Token::Operator(text, _) if text == "(");
    let mut place = 1;
    while place < tokens.len() {
        if is_open(&tokens[place - 1]) && is_open(&tokens[place]) {
            let span = tokens[place].location().clone();
            let colon = Token::Word(":".to_owned(), span.clone());
            tokens.splice(place..place, [colon, Token::Operator(";".to_owned(), span)]);
            place += 2;
        }
        place += 1;
    }
}

/// Numbers right before a redirection that are no file descriptor are words: in ash those of more than one digit, in
/// bash those that are too large. Sources: busybox shell/ash.c `readtoken1`, bash parse.y `read_token_word`.
fn part_from_redirections(tokens: &mut [Token], dialect: Dialect) {
    for place in 1..tokens.len() {
        let [Token::Word(number, span), Token::Operator(operator, _)] = &mut tokens[place - 1..=place] else {
            continue;
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let is_descriptor = match dialect {
            Dialect::Ash | Dialect::Dash => number.len() == 1,
            Dialect::Bash => number.parse::<i32>().is_ok(),
        };
        if is_number && !is_descriptor && operator.starts_with(['<', '>']) {
            // The parser goes by the places: it takes the two for one if nothing is between them.
            *span = SourceSpan { start: span.start.clone(), end: span.start.clone() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::super::tests::run;

    #[test]
    fn documents_that_the_parser_cannot_end_are_refused() {
        for dialect in [Dialect::Ash, Dialect::Dash, Dialect::Bash] {
            for script in ["cat <<a'\nb'\n", "cat <<} ${ b\n}\n", "cat <<'}' ${b\n}\n", "cat <<) $(b\n)\n"] {
                assert!(program(script, dialect).is_err(), "{script:?}");
            }
            for script in ["cat <<''<a", "cat $(cat <<\u{1}\n)\n"] {
                assert!(program(script, dialect).is_err(), "{script:?}");
            }
            assert!(program("cat <<<'' ; cat <<<a", Dialect::Bash).is_ok());
            // The parser panics at these.
            for script in ["echo $( (1<<9)", "echo it's $( (1<<9)"] {
                assert!(program(script, dialect).is_err(), "{script:?}");
            }
            for script in ["echo \"<<}\"; cat <<}\na\n}\n", "echo $((1<<4)) $((2<<(1)))", "x=$(cat <<E\nit's\nE\n)"] {
                assert!(program(script, dialect).is_ok(), "{script:?}");
            }
        }
    }

    fn refusal(script: &str) -> String {
        program(script, Dialect::Ash).map(|_| ()).expect_err("it is refused").to_string()
    }

    #[test]
    fn a_number_before_a_redirection_is_a_word_if_it_is_no_descriptor() {
        let printed = |script: &str| run(script).0;
        assert_eq!(printed("echo 1>/tmp/f; cat /tmp/f"), "\n");
        assert_eq!(printed("echo 22>/tmp/f; cat /tmp/f"), "22\n");
        assert_eq!(printed("echo 22222222222222222>/tmp/f; cat /tmp/f"), "22222222222222222\n");
        assert!(program("echo 22222222222222222>f", Dialect::Bash).is_ok());
    }

    #[test]
    fn what_the_parser_would_try_for_ever_is_refused() {
        for opener in ["(", "( ", "case x in a) ", "( case x in a) "] {
            assert_eq!(refusal(&opener.repeat(24)), "too deeply nested", "{opener}");
        }
        assert_eq!(refusal(&"{ ".repeat(65)), "too deeply nested");
        for script in ["<<\u{c} ", "cat <<- \r\n", "<<'' \t", "<<\"\" ", "<<$(\u{c}) "] {
            assert_eq!(refusal(script), "a here-document without a tag", "{script}");
        }
        for script in
            ["cat <<EOF\na\nEOF\n", "cat <<-'EOF' | wc\na\nEOF\n", "echo '<<' \"<<\" $((1 << 2))", "echo '<< '"]
        {
            assert!(program(script, Dialect::Ash).is_ok(), "{script}");
        }
        let nested = format!("{}echo{}", "( ".repeat(8), " )".repeat(8));
        assert!(program(&nested, Dialect::Ash).is_ok());
    }
}
