-- The views of application insights, in its own terms. A query sees these and nothing else.
--
-- A view selects from one table, stored_<table>: its rows in the range of the query.
--
--   requests      SERVER and CONSUMER spans
--   dependencies  CLIENT and PRODUCER spans; INTERNAL spans have the type InProc
--   durations     milliseconds
--
-- The macros are what several views have in common.

-- Neither the status ERROR nor an HTTP status of 400 or more.
CREATE MACRO succeeded(status_code, http_status_code) AS
    status_code <> 'ERROR' AND coalesce(http_status_code, 0) < 400;

-- The HTTP status, or that of gRPC.
CREATE MACRO result_code(http_status_code, rpc_system, attributes) AS
    CASE
        WHEN http_status_code IS NOT NULL THEN CAST(http_status_code AS VARCHAR)
        WHEN rpc_system <> '' THEN coalesce(attributes ->> '$."rpc.grpc.status_code"', '')
        ELSE ''
    END;

CREATE TEMP VIEW requests AS
SELECT
    start_time AS timestamp,
    span_id AS id,
    trace_id AS operation_Id,
    parent_span_id AS operation_ParentId,
    name AS operation_Name,
    name,
    CASE
        WHEN url_full <> '' THEN url_full
        WHEN url_path = '' OR server_address = '' THEN url_path
        ELSE concat(
            if(url_scheme = '', 'http', url_scheme), '://', server_address,
            if(server_port IS NULL OR contains(server_address, ':'), '', concat(':', server_port)), url_path)
    END AS url,
    succeeded(status_code, http_status_code) AS success,
    result_code(http_status_code, rpc_system, attributes) AS resultCode,
    duration_nanos / 1e6 AS duration,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM stored_spans
WHERE kind IN ('SERVER', 'CONSUMER');

CREATE TEMP VIEW dependencies AS
SELECT
    start_time AS timestamp,
    span_id AS id,
    trace_id AS operation_Id,
    parent_span_id AS operation_ParentId,
    '' AS operation_Name,
    name,
    CASE
        WHEN kind = 'INTERNAL' THEN 'InProc'
        WHEN db_system IN ('mssql', 'microsoft.sql_server') THEN 'SQL'
        WHEN db_system <> '' THEN db_system
        WHEN messaging_system <> '' THEN concat('Queue Message | ', messaging_system)
        WHEN kind = 'PRODUCER' THEN 'Queue Message'
        WHEN rpc_system = 'grpc' THEN 'GRPC'
        WHEN rpc_system <> '' THEN rpc_system
        WHEN http_method <> '' OR url_full <> '' THEN 'HTTP'
        ELSE 'N/A'
    END AS type,
    CASE
        WHEN kind = 'INTERNAL' THEN ''
        WHEN db_system <> '' AND peer = '' AND db_namespace = '' THEN db_system
        WHEN db_system <> '' THEN concat_ws(' | ', nullif(peer, ''), nullif(db_namespace, ''))
        WHEN peer_service <> '' THEN peer_service
        WHEN messaging_system <> '' OR kind = 'PRODUCER' THEN
            if(peer = '' AND messaging_destination = '', messaging_system,
               concat_ws('/', nullif(peer, ''), nullif(messaging_destination, '')))
        WHEN peer <> '' THEN peer
        ELSE rpc_service
    END AS target,
    CASE
        WHEN db_system <> '' THEN db_query
        WHEN messaging_system <> '' OR kind = 'PRODUCER' THEN messaging_destination
        WHEN rpc_system <> '' THEN concat_ws('/', nullif(rpc_service, ''), nullif(rpc_method, ''))
        WHEN url_full <> '' THEN url_full
        ELSE url_path
    END AS data,
    succeeded(status_code, http_status_code) AS success,
    result_code(http_status_code, rpc_system, attributes) AS resultCode,
    duration_nanos / 1e6 AS duration,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM (
    SELECT
        *,
        -- Who was called: the name of the service, else HOST:PORT without the default port of HTTP.
        CASE
            WHEN peer_service <> '' THEN peer_service
            WHEN server_address = '' THEN regexp_extract(url_full, '^[a-z]+://(?:[^/?#@]*@)?([^/?#]+)', 1)
            WHEN server_port IS NULL OR contains(server_address, ':') THEN server_address
            WHEN db_system = '' AND server_port IN (80, 443) THEN server_address
            ELSE concat(server_address, ':', server_port)
        END AS peer
    FROM stored_spans
)
WHERE kind IN ('CLIENT', 'PRODUCER', 'INTERNAL');

CREATE TEMP VIEW exceptions AS
SELECT
    time AS timestamp,
    type,
    message AS outerMessage,
    -- The form of Application Insights: a list with one exception.
    CAST(json_array(json_object('type', type, 'message', message, 'rawStack', stacktrace)) AS VARCHAR) AS details,
    -- The type and the innermost frame: the last 'in function' of Python, else the first 'at function(' of other languages.
    concat_ws(
        ' at ', nullif(type, ''),
        coalesce(
            nullif(regexp_extract(stacktrace, '(?s).*\n  File "[^"\n]*", line [0-9]+, in ([^\n]+)', 1), ''),
            nullif(regexp_extract(stacktrace, '\n\s+at ([^\s(]+)', 1), ''),
            nullif(span_name, ''))
    ) AS problemId,
    trace_id AS operation_Id,
    span_id AS operation_ParentId,
    span_name AS operation_Name,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM stored_exceptions;

CREATE TEMP VIEW traces AS
SELECT
    time AS timestamp,
    body AS message,
    -- Verbose 0, Information 1, Warning 2, Error 3, Critical 4; a record without a severity is information.
    CASE
        WHEN severity_number = 0 THEN 1
        WHEN severity_number < 9 THEN 0
        ELSE least((severity_number - 5) // 4, 4)
    END AS severityLevel,
    if(severity_text <> '', severity_text,
       ['INFO', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][1 + (severity_number + 3) // 4]) AS severity,
    trace_id AS operation_Id,
    span_id AS operation_ParentId,
    scope_name AS logger,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM stored_logs
WHERE event_name = '';

CREATE TEMP VIEW customEvents AS
SELECT
    time AS timestamp,
    event_name AS name,
    body AS message,
    trace_id AS operation_Id,
    span_id AS operation_ParentId,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM stored_logs
WHERE event_name <> '';

CREATE TEMP VIEW customMetrics AS
SELECT
    time AS timestamp,
    name,
    kind,
    unit,
    temporality,
    value,
    count AS valueCount,
    sum AS valueSum,
    min AS valueMin,
    max AS valueMax,
    distribution,
    service_name AS cloud_RoleName,
    service_instance_id AS cloud_RoleInstance,
    attributes AS customDimensions
FROM stored_metrics;

CREATE TEMP VIEW availabilityResults AS
SELECT
    time AS timestamp,
    name,
    'local' AS location,
    success,
    message,
    coalesce(CAST(status_code AS VARCHAR), '') AS resultCode,
    duration_nanos / 1e6 AS duration
FROM stored_availability;

CREATE TEMP VIEW spans AS
SELECT
    start_time AS timestamp,
    span_id AS id,
    trace_id AS operation_Id,
    parent_span_id AS operation_ParentId,
    name,
    kind,
    status_code AS status,
    status_message AS statusMessage,
    duration_nanos / 1e6 AS duration,
    service_name AS service,
    service_namespace AS serviceNamespace,
    service_version AS serviceVersion,
    service_instance_id AS serviceInstance,
    scope_name AS scope,
    attributes,
    resource_attributes AS resourceAttributes,
    events,
    links
FROM stored_spans;
