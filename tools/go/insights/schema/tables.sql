-- The physical tables. Each is a folder of Parquet files with exactly these columns; the views in package query read them.
--
-- Times are UTC in microseconds; durations are nanoseconds. Ids are lower-case hexadecimal, '' if absent. Attributes are
-- JSON objects as the sender wrote them, with typed columns for what the views filter and group by. A value that the
-- sender left out is NULL in numeric columns and '' in text columns. Rows in a file are ordered by their first column.

CREATE TABLE spans (
    start_time TIMESTAMP NOT NULL,
    duration_nanos BIGINT NOT NULL,
    trace_id VARCHAR NOT NULL,
    span_id VARCHAR NOT NULL,
    parent_span_id VARCHAR NOT NULL,
    trace_state VARCHAR NOT NULL,
    flags UINTEGER NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,                     -- INTERNAL SERVER CLIENT PRODUCER CONSUMER UNSPECIFIED
    status_code VARCHAR NOT NULL,              -- UNSET OK ERROR
    status_message VARCHAR NOT NULL,
    service_name VARCHAR NOT NULL,
    service_namespace VARCHAR NOT NULL,
    service_version VARCHAR NOT NULL,
    service_instance_id VARCHAR NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    -- Of the attributes, by the current or the previous semantic convention.
    http_method VARCHAR NOT NULL,              -- http.request.method, http.method
    http_status_code INTEGER,                  -- http.response.status_code, http.status_code
    http_route VARCHAR NOT NULL,               -- http.route
    url_full VARCHAR NOT NULL,                 -- url.full, http.url
    url_path VARCHAR NOT NULL,                 -- url.path with ?url.query, http.target
    url_scheme VARCHAR NOT NULL,               -- url.scheme, http.scheme
    server_address VARCHAR NOT NULL,           -- server.address, net.peer.name (clients), http.host, net.host.name
    server_port INTEGER,                       -- server.port, net.peer.port (clients), net.host.port
    peer_service VARCHAR NOT NULL,             -- peer.service, service.peer.name
    db_system VARCHAR NOT NULL,                -- db.system.name, db.system
    db_namespace VARCHAR NOT NULL,             -- db.namespace, db.name
    db_query VARCHAR NOT NULL,                 -- db.query.text, db.statement
    messaging_system VARCHAR NOT NULL,         -- messaging.system
    messaging_destination VARCHAR NOT NULL,    -- messaging.destination.name, messaging.destination
    rpc_system VARCHAR NOT NULL,               -- rpc.system.name, rpc.system
    rpc_service VARCHAR NOT NULL,              -- rpc.service
    rpc_method VARCHAR NOT NULL,               -- rpc.method
    error_type VARCHAR NOT NULL,               -- error.type
    attributes VARCHAR NOT NULL,               -- JSON object
    resource_attributes VARCHAR NOT NULL,      -- JSON object
    events VARCHAR NOT NULL,                   -- '' or JSON array of {"time": RFC 3339, "name", "attributes", "dropped"}
    links VARCHAR NOT NULL,                    -- '' or JSON array of {"traceId", "spanId", "traceState", "attributes"}
    dropped_attributes UINTEGER NOT NULL,      -- by the sender, or by the limits of package otlp
    dropped_events UINTEGER NOT NULL,
    dropped_links UINTEGER NOT NULL
);

-- Span events named 'exception', apart from their spans: grouping them out of JSON takes too much memory. Also log records with
-- attributes exception.*, with the span in which they were written but without its name.
CREATE TABLE exceptions (
    time TIMESTAMP NOT NULL,
    trace_id VARCHAR NOT NULL,
    span_id VARCHAR NOT NULL,
    parent_span_id VARCHAR NOT NULL,
    event_index UINTEGER NOT NULL,             -- position among the events of the span; hash of a log record
    span_name VARCHAR NOT NULL,
    span_kind VARCHAR NOT NULL,
    service_name VARCHAR NOT NULL,
    service_namespace VARCHAR NOT NULL,
    service_version VARCHAR NOT NULL,
    service_instance_id VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    stacktrace VARCHAR NOT NULL,
    escaped BOOLEAN NOT NULL,
    attributes VARCHAR NOT NULL,               -- JSON object, without exception.*
    resource_attributes VARCHAR NOT NULL
);

CREATE TABLE logs (
    time TIMESTAMP NOT NULL,                   -- when it happened; when it was observed if the sender did not say
    observed_time TIMESTAMP,
    record_id UBIGINT NOT NULL,                -- hash of the whole record
    severity_number UTINYINT NOT NULL,         -- 0 to 24
    severity_text VARCHAR NOT NULL,
    event_name VARCHAR NOT NULL,               -- of the record, or event.name or microsoft.custom_event.name
    body VARCHAR NOT NULL,                     -- text, or JSON if it is not a string
    trace_id VARCHAR NOT NULL,
    span_id VARCHAR NOT NULL,
    flags UINTEGER NOT NULL,
    service_name VARCHAR NOT NULL,
    service_namespace VARCHAR NOT NULL,
    service_version VARCHAR NOT NULL,
    service_instance_id VARCHAR NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL,
    resource_attributes VARCHAR NOT NULL,
    dropped_attributes UINTEGER NOT NULL
);

-- One row for each data point.
CREATE TABLE metrics (
    time TIMESTAMP NOT NULL,
    start_time TIMESTAMP,
    record_id UBIGINT NOT NULL,                -- hash of the whole data point
    name VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,                     -- gauge sum histogram exponential_histogram summary
    temporality VARCHAR NOT NULL,              -- delta cumulative ''
    is_monotonic BOOLEAN NOT NULL,
    value DOUBLE,                              -- of gauges and sums
    count UBIGINT,                             -- the next four of histograms and summaries
    sum DOUBLE,
    min DOUBLE,
    max DOUBLE,
    -- '' or JSON: {"bounds", "counts"}; {"scale", "zeroCount", "positive": {"offset", "counts"}, "negative": ...};
    -- {"quantiles": [[quantile, value], ...]}
    distribution VARCHAR NOT NULL,
    service_name VARCHAR NOT NULL,
    service_namespace VARCHAR NOT NULL,
    service_version VARCHAR NOT NULL,
    service_instance_id VARCHAR NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    attributes VARCHAR NOT NULL,
    resource_attributes VARCHAR NOT NULL,
    flags UINTEGER NOT NULL
);

-- One row for each run of an availability test.
CREATE TABLE availability (
    time TIMESTAMP NOT NULL,
    record_id UBIGINT NOT NULL,                -- hash of name and time
    name VARCHAR NOT NULL,
    success BOOLEAN NOT NULL,
    status_code INTEGER,                       -- of the HTTP response, if there was one
    message VARCHAR NOT NULL,                  -- why it failed
    duration_nanos BIGINT NOT NULL
);
