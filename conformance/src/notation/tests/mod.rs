mod changes;
mod compare;
mod json;
mod render;
mod value;
