//! What happens, as it happens.

use crate::server::{Body, answered};
use crate::site::Site;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::UnboundedReceiver;

/// A body that goes on as long as somebody reads it.
struct Events(UnboundedReceiver<Bytes>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

pub(crate) fn answer(site: &Site) -> Response<Body> {
    let headers = [("content-type", "text/event-stream"), ("cache-control", "no-store")];
    answered(200, &headers, String::new()).map(|_| Events(site.listen()).boxed())
}
