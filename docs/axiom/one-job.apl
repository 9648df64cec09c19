// All lines of one job; put its id in place of JOB.
['DATASET']
| where job_id == 'JOB'
| order by _time asc
