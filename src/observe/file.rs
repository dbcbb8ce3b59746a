//! A file that is there whole or not at all: written beside its final name, compressed if its name says so, renamed at the end.

use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// zstd's level: its default.
const ZSTD_LEVEL: i32 = 3;

/// A file that is being written.
pub struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
    /// `None` once finished.
    out: Option<Encoder>,
}

impl std::fmt::Debug for WholeFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WholeFile").field("path", &self.path).finish_non_exhaustive()
    }
}

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

/// The ending of a path without that of its compression: `jsonl` of `events.jsonl.zst`.
pub fn kind_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    name.rsplit_once('.').map(|(_, kind)| kind)
}

impl WholeFile {
    /// Begins the file that will be at `path`.
    ///
    /// # Errors
    /// If no file can be made beside it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::other("this cannot name a file"))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".partial-{}", std::process::id()));
        let temporary = path.with_file_name(hidden);
        let file = BufWriter::new(File::create(&temporary)?);
        let out = match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Encoder::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Some("zst") => Encoder::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL)?),
            _ => Encoder::Plain(file),
        };
        Ok(Self { path: path.to_owned(), temporary, out: Some(out) })
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// If the system refuses; the file is not there then.
    pub fn finish(mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let renamed = out.finish().and_then(|file| file.sync_all()).and_then(|()| fs::rename(&self.temporary, &self.path));
        renamed.inspect_err(|_| self.discard())
    }

    fn discard(&self) {
        // It is a leftover at worst, under a hidden name.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Encoder {
    fn finish(self) -> io::Result<File> {
        let buffer = match self {
            Self::Plain(buffer) => buffer,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        buffer.into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer,
            Self::Zstd(writer) => writer,
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(0), |out| out.writer().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), |out| out.writer().flush())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            self.discard();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_file_is_compressed_as_its_name_says_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let path = dir.path().join(name);
            let mut file = WholeFile::create(&path).unwrap();
            file.write_all(b"one\ntwo\n").unwrap();
            file.finish().unwrap();
            fs::read(path).unwrap()
        };
        assert_eq!(read("a.jsonl"), b"one\ntwo\n");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&read("a.jsonl.gz")[..]).read_to_string(&mut text).unwrap();
        assert_eq!(
            (text.as_bytes(), zstd::decode_all(&read("a.jsonl.zst")[..]).unwrap().as_slice()),
            (&b"one\ntwo\n"[..], &b"one\ntwo\n"[..])
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing hidden is left");
    }

    #[test]
    fn a_file_that_is_not_finished_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = WholeFile::create(&dir.path().join("a.jsonl")).unwrap();
        file.write_all(b"one\n").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_kind_of_a_file_is_below_its_compression() {
        for (name, want) in [("a.jsonl", Some("jsonl")), ("b/a.jsonl.zst", Some("jsonl")), ("t.pftrace.gz", Some("pftrace")), ("a", None)] {
            assert_eq!(kind_of(Path::new(name)), want, "{name}");
        }
    }
}
