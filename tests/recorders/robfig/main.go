// Repeat with: python -m tests.recorders.robfig.record EXPRESSIONS tests/data/cron/robfig.jsonl.gz
//
// Asks github.com/robfig/cron when expressions fire. record.py beside it starts it, gives it one
// question a line on standard input and reads one answer a line:
//
//	{"e": expression, "s": with seconds}                        may it be used at all?
//	{"e", "s", "z": zone, "at": t, "until": t or 0, "n": count}  when does it fire after at?
//
// Answers: {"error": "..."} or {"every": seconds} or {"next": [...]}; {"hangs": true} where it has
// not answered within two seconds.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

type question struct {
	Expression string `json:"e"`
	Seconds    bool   `json:"s"`
	Zone       string `json:"z"`
	At         int64  `json:"at"`
	Until      int64  `json:"until"`
	Count      int    `json:"n"`
}

type answer struct {
	Error string   `json:"error,omitempty"`
	Every *float64 `json:"every,omitempty"`
	Next  []int64  `json:"next"`
	Hangs bool     `json:"hangs,omitempty"`
}

var withSeconds = cron.NewParser(
	cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor,
)

func parse(q question) (schedule cron.Schedule, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	if q.Seconds {
		return withSeconds.Parse(q.Expression)
	}
	return cron.ParseStandard(q.Expression)
}

func fires(schedule cron.Schedule, q question, zone *time.Location) []int64 {
	next := []int64{}
	at := time.Unix(q.At, 0).In(zone)
	for len(next) < q.Count {
		at = schedule.Next(at)
		if at.IsZero() || (q.Until != 0 && at.Unix() > q.Until) {
			break
		}
		next = append(next, at.Unix())
	}
	return next
}

func ask(q question) answer {
	schedule, err := parse(q)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if delay, ok := schedule.(cron.ConstantDelaySchedule); ok {
		seconds := delay.Delay.Seconds()
		return answer{Every: &seconds}
	}
	if q.Zone == "" {
		return answer{Next: []int64{}}
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		panic(err)
	}
	found := make(chan []int64, 1)
	go func() { found <- fires(schedule, q, zone) }()
	select {
	case next := <-found:
		return answer{Next: next}
	case <-time.After(2 * time.Second):
		return answer{Hangs: true}
	}
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	write := json.NewEncoder(out)
	for in.More() {
		var q question
		if err := in.Decode(&q); err != nil {
			panic(err)
		}
		if err := write.Encode(ask(q)); err != nil {
			panic(err)
		}
	}
}
