//! Queries that have the same counted where the logs are. What they give can be read like any log.

/// CloudWatch Logs Insights.
pub const INSIGHTS: &str = r#"# Two queries for CloudWatch Logs Insights, over the same log groups and the same time.
# Keep what `aws logs get-query-results` prints for each, and give both to hotcold:
#
#     hotcold usage modules.json requests.json

# modules.json: requests that used each module (above many thousands Insights estimates them)
filter @message like /Module used: /
| parse @message /Module used: (?<module>[A-Za-z0-9_.]+)/
| fields coalesce(@requestId, requestId, function_request_id) as request
| stats count_distinct(request) as requests by module

# requests.json: all requests, and those that waited for a new process
filter @message like /^REPORT RequestId:/ or @message like /"type":\s*"platform\.report"/
| fields greatest(strcontains(@message, "Init Duration:"), strcontains(@message, "Restore Duration:"), strcontains(@message, "initDurationMs"), strcontains(@message, "restoreDurationMs")) as cold
| stats count(*) as requests, sum(cold) as cold_starts, min(@timestamp) as first, max(@timestamp) as last
"#;

/// Amazon Athena.
pub const ATHENA: &str = r#"-- For Amazon Athena, over logs that CloudWatch exported to S3 (compressed or not). Put in your bucket, run the
-- statements one by one, download the results of the two queries, and give both to hotcold:
--
--     hotcold usage modules.csv requests.csv

CREATE EXTERNAL TABLE IF NOT EXISTS lambda_logs (line string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
WITH SERDEPROPERTIES ('input.regex' = '(.*)')
LOCATION 's3://YOUR-BUCKET/YOUR-PREFIX/';

-- modules.csv: requests that used each module
SELECT regexp_extract(line, 'Module used: ([A-Za-z0-9_.]+)', 1) AS module,
       count(DISTINCT regexp_extract(line, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')) AS requests
FROM lambda_logs
WHERE line LIKE '%Module used: %'
GROUP BY 1;

-- requests.csv: all requests, and those that waited for a new process
SELECT count(*) AS requests,
       sum(CASE WHEN regexp_like(line, '(Init|Restore) Duration:|(init|restore)DurationMs') THEN 1 ELSE 0 END) AS cold_starts,
       min(regexp_extract(line, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z')) AS first,
       max(regexp_extract(line, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z')) AS last
FROM lambda_logs
WHERE regexp_like(line, '^(\S+\s+)?REPORT RequestId:|"type":\s*"platform\.report"');
"#;
