-- SPDX-License-Identifier: Apache-2.0
-- What the migration itself needs: which texts were run.
CREATE TABLE schema_version (
	number INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	at BIGINT NOT NULL
);
