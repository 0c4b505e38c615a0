//! The order of a merged list: as the patch says, with what only the server has kept near its old neighbours.
//! Upstream: apimachinery strategicpatch `normalizeElementOrder`, `mergeSortedSlice`.

/// The server's order as upstream's merging leaves it in memory: what was deleted makes room in which what was added then
/// stands. Upstream: strategicpatch `mergePatchIntoOriginal`, `deleteMatchingEntries`, which shares one slice.
pub(super) fn remembered<K: PartialEq + Clone>(before: &[K], after: &[K]) -> Vec<K> {
    let kept = before.iter().filter(|key| after.contains(key));
    let added = after.iter().filter(|key| !before.contains(key));
    kept.chain(added).take(before.len()).cloned().collect()
}

/// Orders `items` by `wanted` (the patch's order); `before` is the server's order. Both speak of the items' identities.
pub(super) fn arrange<T, K: PartialEq>(
    items: Vec<T>,
    wanted: &[K],
    before: &[K],
    identity: impl Fn(&T) -> K,
) -> Vec<T> {
    let rank = |list: &[K], item: &T| list.iter().position(|key| *key == identity(item));
    let (mut ordered, mut server_only): (Vec<T>, Vec<T>) =
        items.into_iter().partition(|item| rank(wanted, item).is_some());
    ordered.sort_by_key(|item| rank(wanted, item));
    server_only.sort_by_key(|item| rank(before, item).unwrap_or(usize::MAX));
    let mut merged = Vec::with_capacity(ordered.len() + server_only.len());
    let mut server_only = server_only.into_iter().peekable();
    for item in ordered {
        // What only the server has goes first where it stood before this item.
        while let Some(other) = server_only.peek() {
            let earlier = match (rank(before, other), rank(before, &item)) {
                (Some(other), Some(own)) => other < own,
                _ => false,
            };
            if !earlier {
                break;
            }
            merged.extend(server_only.next());
        }
        merged.push(item);
    }
    merged.extend(server_only);
    merged
}
