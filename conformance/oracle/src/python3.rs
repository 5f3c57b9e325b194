//! CPython 3, in this process.

use std::ffi::CString;

use processing_conformance::notation::Graph;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyModule, PyString};

use crate::testimony::Testimony;
use crate::{ADAPTER_DIRECTORY, WITNESS};

/// The interpreter, with the witness in it.
pub(crate) struct Python3 {
    testify: Py<PyAny>,
    dumps: Py<PyAny>,
    pub(crate) version: String,
}

impl Python3 {
    pub(crate) fn start() -> Self {
        Python::attach(|py| {
            let start = || -> PyResult<Self> {
                let sys = py.import("sys")?;
                sys.getattr("path")?
                    .call_method1("insert", (0, ADAPTER_DIRECTORY))?;
                let source = CString::new(WITNESS).expect("the witness has no NUL");
                let witness = PyModule::from_code(py, &source, c"witness.py", c"witness")?;
                Ok(Self {
                    testify: witness.getattr("testify")?.unbind(),
                    dumps: witness.getattr("dumps")?.unbind(),
                    version: sys.getattr("version")?.extract()?,
                })
            };
            start().unwrap_or_else(|error| panic!("CPython 3 does not start: {error}"))
        })
    }

    pub(crate) fn testify(&self, pickle: &[u8]) -> Testimony {
        Python::attach(|py| {
            let answer = self.testify.call1(py, (PyBytes::new(py, pickle),));
            let answer = answer.unwrap_or_else(|error| {
                panic!("CPython 3 fails over {}: {error}", pickle.escape_ascii())
            });
            let answer = answer
                .cast_bound::<PyString>(py)
                .expect("the witness returns text");
            Testimony::parse(
                answer
                    .to_str()
                    .expect("the witness returns ASCII")
                    .as_bytes(),
            )
        })
    }

    /// The object of a graph, pickled by the pickler in C or the one in Python. The result is `None` if Python 3 cannot
    /// make the object.
    pub(crate) fn dumps(&self, graph: &Graph, protocol: u8, in_python: bool) -> Option<Vec<u8>> {
        let table = serde_json::to_string(graph).expect("graphs have JSON");
        Python::attach(|py| {
            let pickle = self.dumps.call1(py, (table, protocol, in_python)).ok()?;
            Some(pickle.cast_bound::<PyBytes>(py).ok()?.as_bytes().to_vec())
        })
    }
}
