// What the watchdog's passes did; a pass that is not complete goes on with the next one.
['DATASET']
| where message == "watchdog's pass ended"
| project _time, counts, complete
| order by _time desc
