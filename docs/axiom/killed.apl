// Invocations of the API's functions that Lambda ended: out of time or memory.
['DATASET']
| where message startswith 'REPORT' and (message contains 'timeout' or message contains 'error')
| project _time, message
| order by _time desc
