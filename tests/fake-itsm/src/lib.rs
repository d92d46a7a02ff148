//! A small BlueKing ITSM server.
