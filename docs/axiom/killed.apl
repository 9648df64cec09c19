// Invocations that Lambda ended, for time or memory, and functions that do not start.
['DATASET']
| where message == 'invocation reported' or message == 'start reported' or message == 'function does not start'
| where isnotempty(status) or isnotempty(error)
| project _time, log_group, message, status, error, duration_ms, memory_used_mb, memory_mb, invocation_id
| order by _time desc
