//! `[[ … ]]` of the parser's tree, with the operators as `test` writes them.

use brush_parser::ast;

use super::super::code::{Dialect, TestExpression};
use super::word::word;
use super::{Compiled, SyntaxError};

pub(super) fn test_expression(expression: &ast::ExtendedTestExpr, dialect: Dialect) -> Compiled<TestExpression> {
    use ast::BinaryPredicate as B;
    let boxed = |inner: &ast::ExtendedTestExpr| test_expression(inner, dialect).map(Box::new);
    Ok(match expression {
        ast::ExtendedTestExpr::And(left, right) => TestExpression::And(boxed(left)?, boxed(right)?),
        ast::ExtendedTestExpr::Or(left, right) => TestExpression::Or(boxed(left)?, boxed(right)?),
        ast::ExtendedTestExpr::Not(inner) => TestExpression::Not(boxed(inner)?),
        ast::ExtendedTestExpr::Parenthesized(inner) => test_expression(inner, dialect)?,
        ast::ExtendedTestExpr::UnaryTest(predicate, operand) => {
            TestExpression::Unary(unary_operator(predicate)?, word(&operand.value, dialect)?)
        }
        ast::ExtendedTestExpr::BinaryTest(predicate, left, right) => {
            let (left, right) = (word(&left.value, dialect)?, word(&right.value, dialect)?);
            match predicate {
                B::StringExactlyMatchesPattern => TestExpression::Matches(left, right, false),
                B::StringDoesNotExactlyMatchPattern => TestExpression::Matches(left, right, true),
                B::StringMatchesRegex | B::StringContainsSubstring => TestExpression::Regex(left, right),
                other => TestExpression::Binary(binary_operator(other), left, right),
            }
        }
    })
}

fn unary_operator(predicate: &ast::UnaryPredicate) -> Compiled<&'static str> {
    use ast::UnaryPredicate as U;
    Ok(match predicate {
        U::FileExists => "-e",
        U::FileExistsAndIsDir => "-d",
        U::FileExistsAndIsRegularFile => "-f",
        U::FileExistsAndIsSymlink => "-L",
        U::FileExistsAndIsReadable => "-r",
        U::FileExistsAndIsWritable => "-w",
        U::FileExistsAndIsExecutable => "-x",
        U::FileExistsAndIsNotZeroLength => "-s",
        U::FileExistsAndIsCharSpecialFile => "-c",
        U::FileExistsAndIsBlockSpecialFile => "-b",
        U::FileExistsAndIsFifo => "-p",
        U::FileExistsAndIsSocket => "-S",
        U::FdIsOpenTerminal => "-t",
        U::StringHasZeroLength => "-z",
        U::StringHasNonZeroLength => "-n",
        U::ShellVariableIsSetAndAssigned => "-v",
        _ => return Err(SyntaxError::Unsupported("such `[[ ]]` tests")),
    })
}

fn binary_operator(predicate: &ast::BinaryPredicate) -> &'static str {
    use ast::BinaryPredicate as B;
    match predicate {
        B::StringDoesNotExactlyMatchString => "!=",
        B::LeftSortsBeforeRight => "<",
        B::LeftSortsAfterRight => ">",
        B::ArithmeticEqualTo => "-eq",
        B::ArithmeticNotEqualTo => "-ne",
        B::ArithmeticLessThan => "-lt",
        B::ArithmeticLessThanOrEqualTo => "-le",
        B::ArithmeticGreaterThan => "-gt",
        B::ArithmeticGreaterThanOrEqualTo => "-ge",
        B::LeftFileIsNewerOrExistsWhenRightDoesNot => "-nt",
        B::LeftFileIsOlderOrDoesNotExistWhenRightDoes => "-ot",
        _ => "=",
    }
}
