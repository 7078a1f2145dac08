// Tells its fragment that something happened, at most every `data.pace` ms and not while the tab is
// hidden. One stream an element, for as long as the element lives.
const streams = new WeakMap()

class Stream {
  constructor(url) {
    this.url = url
    this.told = 0
    this.waiting = null
    this.source = new EventSource(url)
    this.source.onmessage = () => this.heard()
    this.shown = () => !document.hidden && this.missed && this.heard()
    document.addEventListener("visibilitychange", this.shown)
  }

  heard() {
    this.missed = document.hidden
    if (this.missed || this.waiting) return
    const rest = Math.max(0, this.pace - (Date.now() - this.told))
    this.waiting = setTimeout(() => {
      this.waiting = null
      this.told = Date.now()
      this.tell("changed", this.told)
    }, rest)
  }

  close() {
    clearTimeout(this.waiting)
    document.removeEventListener("visibilitychange", this.shown)
    this.source.close()
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let stream = streams.get(parentElement)
  if (stream?.url !== data.url) {
    stream?.close()
    stream = new Stream(data.url)
    streams.set(parentElement, stream)
  }
  stream.pace = data.pace
  stream.tell = setTriggerValue
  return () => {
    streams.get(parentElement)?.close()
    streams.delete(parentElement)
  }
}
