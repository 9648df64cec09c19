// All lines of one request and of the run that it ordered; put its X-Request-Id in place of REQUEST.
['DATASET']
| where request_id == 'REQUEST'
| order by _time asc
