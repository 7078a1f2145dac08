// The palette: a button and Ctrl+K open it; words go to the node, a choice goes to Python.
const WAIT_MS = 120
const views = new WeakMap()

function make(root) {
  const find = (name) => root.querySelector(name)
  const view = {
    button: find('.open'), dialog: find('dialog'), input: find('input'), list: find('ul'),
    said: find('.said'), results: [], at: 0, timer: null, answered: null,
  }
  find('kbd').textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? '\u2318K' : 'Ctrl K'
  const open = () => {
    if (view.dialog.open) return
    view.before = document.activeElement
    view.input.value = ''
    view.dialog.showModal()
    view.input.focus()
    view.ask('')
  }
  view.button.addEventListener('click', open)
  view.key = (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      event.stopPropagation()
      if (view.dialog.open) view.dialog.close()
      else open()
    }
  }
  document.addEventListener('keydown', view.key, true)
  view.dialog.addEventListener('close', () => {
    if (view.before && view.before !== document.body) view.before.focus()
  })
  view.dialog.addEventListener('click', (event) => {
    if (event.target === view.dialog) view.dialog.close()
  })
  view.input.addEventListener('input', () => {
    clearTimeout(view.timer)
    view.timer = setTimeout(() => view.ask(view.input.value), WAIT_MS)
  })
  view.dialog.addEventListener('keydown', (event) => {
    const last = view.results.length - 1
    const moves = { ArrowDown: view.at >= last ? 0 : view.at + 1,
                    ArrowUp: view.at <= 0 ? last : view.at - 1 }
    event.stopPropagation()
    if (event.key in moves) {
      event.preventDefault()
      if (last >= 0) { view.at = moves[event.key]; mark(view) }
    } else if (event.key === 'Enter') {
      event.preventDefault()
      choose(view, view.at)
    }
  })
  return view
}

function choose(view, place) {
  const chosen = view.results[place]
  // What is shown may still answer earlier words: wait for the answer to these.
  if (!chosen || view.answered !== view.input.value) return
  view.before = null
  view.dialog.close()
  view.go({ page: chosen.page, params: chosen.params })
}

function mark(view) {
  const options = [...view.list.children]
  options.forEach((one, place) => one.setAttribute('aria-selected', String(place === view.at)))
  const chosen = options[view.at]
  if (chosen) {
    view.input.setAttribute('aria-activedescendant', chosen.id)
    chosen.scrollIntoView({ block: 'nearest' })
  } else view.input.removeAttribute('aria-activedescendant')
}

function show(view, data) {
  if (data.question === view.answered && view.results === data.results) return
  view.answered = data.question
  view.results = data.results
  view.at = 0
  view.list.replaceChildren(...data.results.map((one, place) => {
    const item = document.createElement('li')
    item.id = `found-${place}`
    item.setAttribute('role', 'option')
    for (const name of ['kind', 'title', 'detail']) {
      const part = document.createElement('span')
      part.className = name
      part.textContent = one[name]
      item.append(part)
    }
    item.addEventListener('click', () => choose(view, place))
    return item
  }))
  const count = data.results.length
  view.said.textContent = data.error || (count
    ? `${count} found \u00b7 arrows choose, Enter opens, Escape closes`
    : data.question === null ? '' : 'Nothing found. Fewer words find more.')
  mark(view)
}

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement)
  if (!view) {
    view = make(parentElement)
    views.set(parentElement, view)
  }
  view.ask = (text) => setTriggerValue('question', text)
  view.go = (where) => setTriggerValue('go', where)
  show(view, data)
  return () => {
    document.removeEventListener('keydown', view.key, true)
    clearTimeout(view.timer)
    views.delete(parentElement)
  }
}
