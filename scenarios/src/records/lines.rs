//! The lines of a file of records, plain or gzipped, one at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::problem::{Code, Problems};
use crate::text::report::Report;
use crate::text::source::Span;

/// Longest line that is read: a case of 15,000 nodes and 100,000 Pods has some 60 MB.
const BYTES_MAX: u64 = 512 << 20;
/// What a gzipped file begins with (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A line of a file of records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The file's name as it was given.
    pub file: String,
    /// From 1.
    pub number: usize,
    /// Without the end of the line.
    pub text: String,
}

/// The lines of a file that are not blank. Ends after the first line that cannot be read.
pub struct Lines {
    file: String,
    number: usize,
    /// True once a line was given.
    any: bool,
    reader: Option<Box<dyn BufRead + Send>>,
}

impl Lines {
    /// Opens a file of records; whether it is gzipped is seen by its first bytes.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let refuse = |code, reason: String| problem(&file, 0, code, &format!("`{file}` {reason}"));
        let about = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => refuse(Code::FileMissing, "does not exist".into()),
            _ => refuse(Code::FileUnreadable, format!("cannot be read: {error}")),
        })?;
        if about.is_dir() {
            return Err(refuse(Code::FileUnreadable, "is a folder, not a file".into()));
        }
        let opened = File::open(path).map_err(|error| refuse(Code::FileUnreadable, format!("cannot be opened: {error}")))?;
        let reader = unpacked(opened).map_err(|error| refuse(Code::FileUnreadable, format!("cannot be read: {error}")))?;
        Ok(Self { file, number: 0, any: false, reader: Some(reader) })
    }

    fn refuse(&mut self, code: Code, reason: &str) -> Problems {
        self.reader = None;
        problem(&self.file, self.number, code, reason)
    }

    /// What comes when there are no more lines: nothing, or that there was none.
    fn ended(&mut self) -> Option<Result<Line, Problems>> {
        let nothing = self.reader.is_some() && !self.any;
        nothing.then(|| Err(self.refuse(Code::FileEmpty, "the file holds no case")))
    }

    /// The next line, blank or not.
    fn read(&mut self) -> Option<Result<String, Problems>> {
        let mut bytes = Vec::new();
        let read = self.reader.as_mut()?.take(BYTES_MAX).read_until(b'\n', &mut bytes);
        self.number += 1;
        match read {
            Ok(0) => None,
            Ok(_) if bytes.len() as u64 == BYTES_MAX => Some(Err(self.refuse(Code::FileTooLarge, "the line has more than 512 MiB"))),
            Ok(_) => Some(
                String::from_utf8(bytes)
                    .map_err(|error| self.refuse(Code::FileNotUtf8, &format!("the line is no text in UTF-8: {}", error.utf8_error()))),
            ),
            Err(error) => Some(Err(self.refuse(Code::FileUnreadable, &format!("the file cannot be read further: {error}")))),
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line, Problems>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(read) = self.read() else { return self.ended() };
            match read {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    self.any = true;
                    let text = text.trim_end_matches(['\n', '\r']).to_owned();
                    return Some(Ok(Line { file: self.file.clone(), number: self.number, text }));
                }
                Err(problems) => return Some(Err(problems)),
            }
        }
    }
}

fn unpacked(file: File) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let gzipped = reader.fill_buf()?.starts_with(&GZIP);
    Ok(if gzipped { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader))) } else { Box::new(reader) })
}

/// One problem at the start of a line; line 0 is the file as a whole.
fn problem(file: &str, line: usize, code: Code, message: &str) -> Problems {
    let mut report = Report::default();
    let source = report.sources.add_record(file, line.max(1), String::new());
    report.problem(code, Span { file: source, ..Span::default() }, message);
    report.problems()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn temporary(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("podsim-lines-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn lines_are_the_same_plain_and_gzipped() {
        let text = "{\"a\": 1}\n\n{\"b\": 2}\r\n{}";
        for (name, bytes) in [("plain", text.as_bytes().to_vec()), ("gzipped", gzipped(text.as_bytes()))] {
            let path = temporary(name, &bytes);
            let lines: Vec<(usize, String)> =
                Lines::open(&path).unwrap().map(|line| line.unwrap()).map(|line| (line.number, line.text)).collect();
            assert_eq!(lines, [(1, "{\"a\": 1}".into()), (3, "{\"b\": 2}".into()), (4, "{}".into())], "{name}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let whole = gzipped(b"{}\n{}\n");
        #[rustfmt::skip]
        let cases: [(&str, &[u8], usize, Code); 4] = [
            ("empty",   b"",                      1, Code::FileEmpty),
            ("blank",   b"\n  \n",                1, Code::FileEmpty),
            ("cut off", &whole[..whole.len() - 9], 1, Code::FileUnreadable),
            ("no text", b"{}\n\xff\n{}", 2, Code::FileNotUtf8),
        ];
        for (name, bytes, line, code) in cases {
            let path = temporary(&name.replace(' ', "-"), bytes);
            let problems: Vec<Problems> = Lines::open(&path).unwrap().filter_map(Result::err).collect();
            let first = problems[0].iter().next().unwrap();
            assert!(first.line >= line && first.code == code && problems.len() == 1, "{name}: {}", first.plain());
            std::fs::remove_file(path).unwrap();
        }
        assert!(Lines::open(Path::new("nowhere.jsonl")).is_err() && Lines::open(&std::env::temp_dir()).is_err());
    }
}
