//! A connection that can be told where to break.

use crate::fault::Stage;
use std::io::{ErrorKind, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Says to a connection where its next answer breaks off.
#[derive(Clone, Default)]
pub(crate) struct Scissors(Arc<Mutex<Option<Cut>>>);

#[derive(Clone, Copy)]
enum Cut {
    /// At this stage of an answer whose body is so long.
    At(Stage, usize),
    /// After so many more bytes.
    After(usize),
    /// At once, and with a reset.
    Reset,
}

impl Scissors {
    pub fn cut(&self, stage: Stage, body_length: usize) {
        self.set(Cut::At(stage, body_length));
    }

    /// The connection is reset, and not closed, when it is dropped.
    pub fn reset(&self) {
        self.set(Cut::Reset);
    }

    fn get(&self) -> Option<Cut> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, cut: Cut) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// How many bytes may still be written, if that is limited. `next` are the next ones: the first of an
    /// answer hold its whole head.
    fn left(&self, next: &[u8]) -> Option<usize> {
        match self.get()? {
            Cut::Reset => Some(0),
            Cut::After(left) => Some(left),
            Cut::At(stage, body_length) => {
                let behind = |mark: &[u8]| {
                    let found = next.windows(mark.len()).position(|bytes| bytes == mark);
                    found.map_or(0, |at| at + mark.len())
                };
                let (line, head) = (behind(b"\r\n"), behind(b"\r\n\r\n"));
                Some(match stage {
                    Stage::AfterStatusLine => line,
                    Stage::InHeaders => line.midpoint(head),
                    Stage::AfterHeaders => head,
                    Stage::InBody => head + body_length / 2,
                })
            }
        }
    }
}

/// A connection to a client.
pub(crate) struct Connection {
    pub stream: TcpStream,
    pub scissors: Scissors,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        buffer: &mut ReadBuf,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<Result<usize>> {
        let left = self.scissors.left(bytes);
        if left == Some(0) {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let allowed = left.and_then(|left| bytes.get(..left)).unwrap_or(bytes);
        let written = Pin::new(&mut self.stream).poll_write(cx, allowed);
        if let (Some(left), Poll::Ready(Ok(count))) = (left, &written) {
            self.scissors.set(Cut::After(left - count));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Result<()>> {
        if matches!(self.scissors.get(), Some(Cut::Reset)) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if matches!(self.scissors.get(), Some(Cut::Reset)) {
            // Without it the connection closes, which breaks it, too.
            let _ = self.stream.set_zero_linger();
        }
    }
}
