//! A small file system in memory: the root of a container, and the contents of a volume. A plain value; it
//! knows nothing of mounts. Every node counts its bytes, so that a full disk can be noticed.

use std::collections::BTreeMap;

use crate::engine::SimTime;

use super::userland::Userland;
use super::world::{Errno, FileKind, FileSystem, Links, Metadata, WriteAt};

/// Links followed in one look-up before it is a loop (Linux' limit).
const LINKS_MAX: usize = 40;

/// A tree of files. Keys are absolute paths; `/` itself is always there and not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryFs {
    nodes: BTreeMap<String, Node>,
    used_bytes: u64,
    /// Bytes that fit; `u64::MAX` where nothing limits.
    pub capacity_bytes: u64,
    /// Refuses every change.
    pub is_read_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    content: Content,
    mode: u32,
    modified: SimTime,
    owner: (u32, u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// `size` is at least `bytes.len()`; what lies beyond is zeros that are not held.
    File {
        bytes: Vec<u8>,
        size: u64,
    },
    Directory,
    Link(String),
}

impl Default for MemoryFs {
    fn default() -> Self {
        Self { nodes: BTreeMap::new(), used_bytes: 0, capacity_bytes: u64::MAX, is_read_only: false }
    }
}

impl MemoryFs {
    /// The root of a container: the usual empty directories of a small image.
    pub fn container_root(userland: Userland) -> Self {
        let mut files = Self::default();
        for path in ["/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/run", "/sys"] {
            files.put_directory(path);
        }
        for path in ["/tmp", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin", "/var", "/var/log", "/var/run"] {
            files.put_directory(path);
        }
        if let Some(directory) = files.nodes.get_mut("/tmp") {
            directory.mode = 0o1777;
        }
        for (path, text) in userland.files() {
            files.put_file(path, text.as_bytes(), 0o644, SimTime::ZERO);
        }
        files
    }

    /// Bytes held by all files.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// Files, directories and links in it.
    pub fn count(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// Writes a whole file and makes the directories above it (as the kubelet fills a volume).
    pub fn put_file(&mut self, path: &str, bytes: &[u8], mode: u32, at: SimTime) {
        self.put_parents(path);
        if let Some(old) = self.nodes.get(path) {
            self.used_bytes -= old.size();
        }
        self.used_bytes += bytes.len() as u64;
        let content = Content::File { bytes: bytes.to_vec(), size: bytes.len() as u64 };
        self.nodes.insert(path.to_owned(), Node { content, mode, modified: at, owner: (0, 0) });
    }

    /// Is there anything at a path, no link of which is followed?
    pub fn holds(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// Makes a directory and those above it.
    pub fn put_directory(&mut self, path: &str) {
        self.put_parents(path);
        if path != "/" {
            let directory = Node { content: Content::Directory, mode: 0o755, modified: SimTime::ZERO, owner: (0, 0) };
            self.nodes.entry(path.to_owned()).or_insert(directory);
        }
    }

    fn put_parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/').skip(1) {
            let directory = Node { content: Content::Directory, mode: 0o755, modified: SimTime::ZERO, owner: (0, 0) };
            self.nodes.entry(path[..at].to_owned()).or_insert(directory);
        }
    }

    /// The path with every link in it followed (the last part only with `Links::Follow`).
    fn resolve(&self, path: &str, links: Links) -> Result<String, Errno> {
        let mut resolved = String::new();
        let mut rest: Vec<String> = split(path);
        let mut followed = 0;
        while let Some(part) = rest.pop() {
            if part == ".." {
                resolved.truncate(resolved.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{resolved}/{part}");
            match self.nodes.get(&next).map(|node| &node.content) {
                Some(Content::Link(target)) if !rest.is_empty() || links == Links::Follow => {
                    followed += 1;
                    if followed > LINKS_MAX {
                        return Err(Errno::Loop);
                    }
                    if target.starts_with('/') {
                        resolved.clear();
                    }
                    rest.extend(split(target));
                }
                Some(Content::File { .. }) if !rest.is_empty() => return Err(Errno::NotADirectory),
                None if !rest.is_empty() => return Err(Errno::NotFound),
                _ => resolved = next,
            }
        }
        Ok(if resolved.is_empty() { "/".to_owned() } else { resolved })
    }

    fn writable(&self, path: &str, links: Links) -> Result<String, Errno> {
        let path = self.resolve(path, links)?;
        if self.is_read_only { Err(Errno::ReadOnly) } else { Ok(path) }
    }

    fn add(&mut self, path: String, content: Content, mode: u32, at: SimTime) {
        self.touch_parent(&path, at);
        self.nodes.insert(path, Node { content, mode, modified: at, owner: (0, 0) });
    }

    fn touch_parent(&mut self, path: &str, at: SimTime) {
        let parent = &path[..path.rfind('/').unwrap_or(0)];
        if let Some(node) = self.nodes.get_mut(parent) {
            node.modified = at;
        }
    }

    /// Every path below the directory `path`.
    fn below(&self, path: &str) -> Vec<String> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        self.nodes
            .range(prefix.clone()..)
            .map(|(key, _)| key)
            .take_while(|key| key.starts_with(&prefix))
            .cloned()
            .collect()
    }
}

impl Node {
    fn size(&self) -> u64 {
        match &self.content {
            Content::File { size, .. } => *size,
            Content::Directory | Content::Link(_) => 0,
        }
    }
}

/// The parts of a path, last one first, as a stack to take from.
fn split(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

impl FileSystem for MemoryFs {
    fn stat(&self, path: &str, links: Links) -> Result<Metadata, Errno> {
        let path = self.resolve(path, links)?;
        if path == "/" {
            let (kind, modified) = (FileKind::Directory, SimTime::ZERO);
            return Ok(Metadata { kind, size: 4096, mode: 0o755, modified, owner: (0, 0) });
        }
        let node = self.nodes.get(&path).ok_or(Errno::NotFound)?;
        let (kind, size) = match &node.content {
            Content::File { size, .. } => (FileKind::File, *size),
            Content::Directory => (FileKind::Directory, 4096),
            Content::Link(target) => (FileKind::Symlink, target.len() as u64),
        };
        Ok(Metadata { kind, size, mode: node.mode, modified: node.modified, owner: node.owner })
    }

    fn read(&self, path: &str, offset: u64, limit: usize) -> Result<Vec<u8>, Errno> {
        let path = self.resolve(path, Links::Follow)?;
        if path == "/" {
            return Err(Errno::IsADirectory);
        }
        match &self.nodes.get(&path).ok_or(Errno::NotFound)?.content {
            Content::File { bytes, size } => {
                let end = size.min(&offset.saturating_add(limit as u64)).to_owned();
                let held = bytes.len() as u64;
                let mut out = bytes[offset.min(held) as usize..end.min(held) as usize].to_vec();
                out.resize(end.saturating_sub(offset) as usize, 0);
                Ok(out)
            }
            Content::Directory => Err(Errno::IsADirectory),
            Content::Link(_) => Err(Errno::Loop),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        let path = self.resolve(path, Links::Follow)?;
        if path != "/" {
            match self.nodes.get(&path).ok_or(Errno::NotFound)?.content {
                Content::Directory => {}
                _ => return Err(Errno::NotADirectory),
            }
        }
        let skip = if path == "/" { 1 } else { path.len() + 1 };
        let names = self.below(&path).into_iter().map(|key| key[skip..].to_owned());
        Ok(names.filter(|name| !name.contains('/')).collect())
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        let path = self.resolve(path, Links::Keep)?;
        match &self.nodes.get(&path).ok_or(Errno::NotFound)?.content {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(Errno::Invalid),
        }
    }

    fn create(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        let resolved = self.resolve(path, Links::Follow)?;
        match self.nodes.get(&resolved).map(|node| &node.content) {
            Some(Content::Directory) => Err(Errno::IsADirectory),
            Some(_) if self.is_read_only => Err(Errno::ReadOnly),
            Some(_) => Ok(()),
            None if resolved == "/" => Err(Errno::IsADirectory),
            None if self.is_read_only => Err(Errno::ReadOnly),
            None => {
                self.add(resolved, Content::File { bytes: Vec::new(), size: 0 }, mode, at);
                Ok(())
            }
        }
    }

    fn truncate(&mut self, path: &str, new_size: u64, at: SimTime) -> Result<(), Errno> {
        let path = self.writable(path, Links::Follow)?;
        let free = self.capacity_bytes.saturating_sub(self.used_bytes);
        let node = self.nodes.get_mut(&path).ok_or(Errno::NotFound)?;
        let Content::File { bytes, size } = &mut node.content else { return Err(Errno::IsADirectory) };
        if new_size.saturating_sub(*size) > free {
            return Err(Errno::NoSpace);
        }
        self.used_bytes = self.used_bytes - *size + new_size;
        bytes.truncate(new_size as usize);
        *size = new_size;
        node.modified = at;
        Ok(())
    }

    fn write(&mut self, path: &str, place: WriteAt, new: &[u8], at: SimTime) -> Result<(), Errno> {
        let path = self.writable(path, Links::Follow)?;
        let free = self.capacity_bytes.saturating_sub(self.used_bytes);
        let node = self.nodes.get_mut(&path).ok_or(Errno::NotFound)?;
        let Content::File { bytes, size } = &mut node.content else { return Err(Errno::IsADirectory) };
        let start = match place {
            WriteAt::Offset(offset) => offset,
            WriteAt::End => *size,
        };
        let end = start + new.len() as u64;
        if end.saturating_sub(*size) > free {
            return Err(Errno::NoSpace);
        }
        if bytes.len() < end as usize {
            bytes.resize(end as usize, 0);
        }
        bytes[start as usize..end as usize].copy_from_slice(new);
        self.used_bytes += end.saturating_sub(*size);
        *size = (*size).max(end);
        node.modified = at;
        Ok(())
    }

    fn extend(&mut self, path: &str, length: u64, at: SimTime) -> Result<(), Errno> {
        let size = self.stat(path, Links::Follow)?.size;
        self.truncate(path, size.saturating_add(length), at)
    }

    fn make_directory(&mut self, path: &str, mode: u32, at: SimTime) -> Result<(), Errno> {
        let path = self.resolve(path, Links::Keep)?;
        if path == "/" || self.nodes.contains_key(&path) {
            return Err(Errno::Exists);
        }
        if self.is_read_only {
            return Err(Errno::ReadOnly);
        }
        self.add(path, Content::Directory, mode, at);
        Ok(())
    }

    fn make_link(&mut self, path: &str, target: &str, at: SimTime) -> Result<(), Errno> {
        let path = self.writable(path, Links::Keep)?;
        if path == "/" || self.nodes.contains_key(&path) {
            return Err(Errno::Exists);
        }
        self.add(path, Content::Link(target.to_owned()), 0o777, at);
        Ok(())
    }

    fn remove(&mut self, path: &str, at: SimTime) -> Result<(), Errno> {
        let path = self.resolve(path, Links::Keep)?;
        if path == "/" {
            return Err(Errno::Busy);
        }
        let node = self.nodes.get(&path).ok_or(Errno::NotFound)?;
        if self.is_read_only {
            return Err(Errno::ReadOnly);
        }
        if node.content == Content::Directory && !self.below(&path).is_empty() {
            return Err(Errno::NotEmpty);
        }
        self.used_bytes -= node.size();
        self.nodes.remove(&path);
        self.touch_parent(&path, at);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str, at: SimTime) -> Result<(), Errno> {
        let (from, to) = (self.writable(from, Links::Keep)?, self.writable(to, Links::Keep)?);
        let moved = self.nodes.get(&from).ok_or(Errno::NotFound)?;
        if from == to {
            return Ok(());
        }
        if to == "/" || to.starts_with(&format!("{from}/")) {
            return Err(Errno::Invalid);
        }
        let moved_is_directory = moved.content == Content::Directory;
        match self.nodes.get(&to).map(|node| &node.content) {
            Some(Content::Directory) if !moved_is_directory => return Err(Errno::IsADirectory),
            Some(Content::Directory) if !self.below(&to).is_empty() => return Err(Errno::NotEmpty),
            Some(Content::File { .. } | Content::Link(_)) if moved_is_directory => return Err(Errno::NotADirectory),
            _ => {}
        }
        if let Some(old) = self.nodes.remove(&to) {
            self.used_bytes -= old.size();
        }
        for key in self.below(&from).into_iter().chain([from.clone()]) {
            if let Some(node) = self.nodes.remove(&key) {
                self.nodes.insert(format!("{to}{}", &key[from.len()..]), node);
            }
        }
        self.touch_parent(&from, at);
        self.touch_parent(&to, at);
        Ok(())
    }

    fn set_mode(&mut self, path: &str, mode: u32) -> Result<(), Errno> {
        let path = self.writable(path, Links::Follow)?;
        if path != "/" {
            self.nodes.get_mut(&path).ok_or(Errno::NotFound)?.mode = mode;
        }
        Ok(())
    }

    fn set_owner(&mut self, path: &str, owner: (u32, u32)) -> Result<(), Errno> {
        let path = self.writable(path, Links::Follow)?;
        if path != "/" {
            self.nodes.get_mut(&path).ok_or(Errno::NotFound)?.owner = owner;
        }
        Ok(())
    }

    fn set_modified(&mut self, path: &str, modified: SimTime) -> Result<(), Errno> {
        let path = self.writable(path, Links::Follow)?;
        if path != "/" {
            self.nodes.get_mut(&path).ok_or(Errno::NotFound)?.modified = modified;
        }
        Ok(())
    }

    fn space(&self, _path: &str) -> (u64, u64) {
        (self.capacity_bytes, self.used_bytes)
    }
}
