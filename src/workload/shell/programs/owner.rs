//! chown and chgrp.

use super::super::world::Links;
use super::files::{options, tree};
use super::system::{group_of, user_of};
use super::{Call, usage};

/// `chown [-R] USER[:GROUP] FILES`, `chgrp [-R] GROUP FILES`
pub(super) fn change(call: &mut Call<'_, '_>) -> i32 {
    let (letters, words) = options(call.words);
    let Some((wanted, files)) = words.split_first().filter(|(_, files)| !files.is_empty()) else {
        return usage::wrong(call);
    };
    let (user, group) = if call.words[0].ends_with("chgrp") {
        (None, Some(wanted.as_str()))
    } else {
        match wanted.split_once([':', '.']) {
            Some((user, group)) => ((!user.is_empty()).then_some(user), (!group.is_empty()).then_some(group)),
            None => (Some(wanted.as_str()), None),
        }
    };
    let user = match user.map(|name| (name, name.parse().ok().or_else(|| user_of(call, name).map(|(id, _)| id)))) {
        Some((name, None)) => {
            return call.fail_as(&format!("unknown user {name}"), &format!("invalid user: '{name}'"));
        }
        known => known.and_then(|(_, id)| id),
    };
    let group = match group.map(|name| (name, name.parse().ok().or_else(|| group_of(call, name)))) {
        Some((name, None)) => {
            return call.fail_as(&format!("unknown group {name}"), &format!("invalid group: '{name}'"));
        }
        known => known.and_then(|(_, id)| id),
    };
    let mut status = 0;
    for file in files {
        let path = call.path(file);
        let paths =
            if letters.contains('R') { tree(call, &path).into_iter().map(|(at, _)| at).collect() } else { vec![path] };
        for path in paths {
            let result = call.context.stat(&path, Links::Follow).and_then(|data| {
                let owner = (user.unwrap_or(data.owner.0), group.unwrap_or(data.owner.1));
                call.context.world.set_owner(&path, owner)
            });
            call.context.changed();
            if let Err(error) = result {
                status = call.fail_as(&format!("{file}: {error}"), &format!("cannot access '{file}': {error}"));
            }
        }
    }
    status
}
