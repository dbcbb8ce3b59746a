//! Reading files: each once, with a limit, and every failure a problem with a place.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::problem::Code;
use crate::text::report::Report;
use crate::text::source::Span;

/// Largest file that is read.
const BYTES_MAX: u64 = 64 << 20;

/// The files of one scenario.
#[derive(Debug)]
pub(crate) struct Files {
    /// Folder of the scenario, which its files are relative to.
    folder: PathBuf,
    /// Numbers of the sources that were read, by path; `None` for those that could not be read.
    read: BTreeMap<PathBuf, Option<u32>>,
    /// How many Kubernetes objects were found in them.
    pub(crate) objects: usize,
}

/// Why a file was not read.
struct Refusal {
    code: Code,
    reason: String,
}

impl Files {
    /// Files relative to the folder of `scenario`.
    pub(crate) fn new(scenario: &Path) -> Self {
        Self { folder: scenario.parent().map(Path::to_path_buf).unwrap_or_default(), read: BTreeMap::new(), objects: 0 }
    }

    /// Reads the scenario itself; a failure is placed at its start.
    pub(crate) fn read_root(&mut self, path: &Path, report: &mut Report) -> Option<u32> {
        self.read(path, report, |report| Span { file: report.sources.add(path.display().to_string(), ""), ..Span::default() })
    }

    /// Reads a file that the scenario names at `span`.
    pub(crate) fn read_named(&mut self, name: &str, span: Span, report: &mut Report) -> Option<u32> {
        self.read(&self.folder.join(name), report, |_| span)
    }

    fn read(&mut self, path: &Path, report: &mut Report, place: impl Fn(&mut Report) -> Span) -> Option<u32> {
        if let Some(known) = self.read.get(path) {
            return *known;
        }
        let name = path.display().to_string();
        let file = match read_text(path) {
            Ok(text) => Some(report.sources.add(name, text)),
            Err(refusal) => {
                let span = place(report);
                report.problem(refusal.code, span, format!("`{name}` {}", refusal.reason));
                None
            }
        };
        self.read.insert(path.to_path_buf(), file);
        file
    }

    /// The digest of all texts that were taken in, overrides included, in the order of reading.
    pub(crate) fn digest(report: &Report) -> Digest {
        let mut digest = Digest::new();
        for source in report.sources.iter() {
            // The names of files say where a user keeps them; those of overrides say what they change.
            if source.name.starts_with("--") {
                digest.part(source.name.as_bytes());
            }
            digest.part(source.text.as_bytes());
        }
        digest
    }
}

fn read_text(path: &Path) -> Result<String, Refusal> {
    let refuse = |code, reason: String| Refusal { code, reason };
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => refuse(Code::FileMissing, "does not exist".into()),
        _ => refuse(Code::FileUnreadable, format!("cannot be read: {error}")),
    })?;
    match (about.is_dir(), about.is_file(), about.len()) {
        (true, ..) => return Err(refuse(Code::FileUnreadable, "is a folder, not a file".into())),
        (_, false, _) => return Err(refuse(Code::FileUnreadable, "is no regular file".into())),
        (_, _, bytes) if bytes > BYTES_MAX => {
            return Err(refuse(Code::FileTooLarge, format!("has {bytes} bytes; the limit is {BYTES_MAX}")));
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| refuse(Code::FileUnreadable, format!("cannot be opened: {error}")))?;
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|error| refuse(Code::FileUnreadable, format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        refuse(Code::FileNotUtf8, format!("is no text in UTF-8: byte {} does not fit", at + 1))
    })
}
