//! The parameters of a request: the members of the JSON object that ITSM reads.

use serde_json::{Map, Value};

/// The parameters of a request.
pub type Parameters = Map<String, Value>;

/// Those of these names and values. serde_json's own macro for it leaves much more code behind.
pub fn parameters<const N: usize>(members: [(&str, Value); N]) -> Parameters {
    let mut parameters = Parameters::new();
    for (name, value) in members {
        parameters.insert(name.to_owned(), value);
    }
    parameters
}
