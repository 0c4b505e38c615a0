//! Script text → tree. What the parser cannot take (it overflows its stack, backtracks for ever, or panics) is kept from
//! it here.

use brush_parser::{Parser, SourceSpan, Token, ast, parse_tokens, uncached_tokenize_str};

use super::super::code::Dialect;
use super::{Compiled, SyntaxError, options};

/// Scripts nest at most this deep; the parser is recursive, and input must not overflow its stack.
const NESTING_MAX: usize = 64;
/// Subshells and `case`s nest at most this deep: at each level the parser tries all that an opener may begin, one after
/// another, so that its time doubles.
const BACKTRACKING_MAX: usize = 12;

/// Parses a script.
pub(super) fn program(script: &str, dialect: Dialect) -> Compiled<ast::Program> {
    if nesting(script) > NESTING_MAX {
        return Err(too_deep());
    }
    if lacks_tag(script) {
        return Err(SyntaxError::Syntax("a here-document without a tag".to_owned()));
    }
    let Ok(mut tokens) = uncached_tokenize_str(script, &options().tokenizer_options()) else {
        // The parser finds the same error, and where it is.
        let parsed = Parser::new(script.as_bytes(), &options()).parse_program();
        return parsed.map_err(|error| SyntaxError::Syntax(error.to_string()));
    };
    if backtracking(&tokens) > BACKTRACKING_MAX {
        return Err(too_deep());
    }
    part_from_redirections(&mut tokens, dialect);
    parse_tokens(&tokens, &options()).map_err(|error| SyntaxError::Syntax(error.to_string()))
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

/// Has a here-document a tag of which nothing is left without quotes and white space? The tokenizer finds such a tag at
/// the end of the text for ever. An empty one (`<<''`) is refused, though shells take it.
fn lacks_tag(script: &str) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for (at, letter) in script.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '<') if script[at..].starts_with("<<") => {
                let rest = script[at + 2..].trim_start_matches(['-', ' ', '\t', '$', '(', '`']);
                // In double quotes, one more of these ends them.
                let quotes: &[char] = if quote.is_none() { &['\'', '"', '\\'] } else { &['\'', '\\'] };
                let tag = rest.trim_start_matches(quotes);
                let ends = tag.is_empty() || tag.starts_with(char::is_whitespace);
                if tag.starts_with(['\r', '\u{c}']) || tag.len() < rest.len() && ends {
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

/// Numbers right before a redirection that are no file descriptor are words: in ash those of more than one digit, in
/// bash those that are too large. Sources: busybox shell/ash.c `readtoken1`, bash parse.y `read_token_word`.
fn part_from_redirections(tokens: &mut [Token], dialect: Dialect) {
    for place in 1..tokens.len() {
        let [Token::Word(number, span), Token::Operator(operator, _)] = &mut tokens[place - 1..=place] else {
            continue;
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let is_descriptor = match dialect {
            Dialect::Ash => number.len() == 1,
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

    fn refusal(script: &str) -> String {
        program(script, Dialect::Ash).expect_err("it is refused").to_string()
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
