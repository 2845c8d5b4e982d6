// Tables that are sorted by their headings, and files made of what they show.

// Fill an element with a table. A column: key, head, number, value(row) to sort by, show(row) if that isn't the text.
function sortable(element, columns, order) {
  let rows = [];
  const label = (column) => column.show || ((row) => column.value(row) ?? "–");
  const compare = (a, b) => {
    const [x, y] = [a, b].map(order.column.value);
    if ((x ?? "") === "" || (y ?? "") === "") return ((x ?? "") === "") - ((y ?? "") === "");
    return (typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y) * (order.down ? -1 : 1);
  };
  order.column = columns.find((column) => column.key === order.key) || columns[0];
  const heads = columns.map((column) => {
    const button = make("button", { type: "button" }, column.head);
    button.addEventListener("click", () => {
      order.down = order.column === column ? !order.down : Boolean(column.number);
      order.column = column;
      order.key = column.key;
      draw();
    });
    return make("th", { scope: "col", className: column.number ? "number" : "" }, button);
  });
  const body = make("tbody");
  element.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, heads)), body));

  function draw() {
    heads.forEach((head, c) => {
      if (columns[c] === order.column) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    body.replaceChildren(...[...rows].sort(compare).map((row) => {
      const line = make("tr", { className: row.on ? "on" : "" }, columns.map((column, c) => {
        const className = column.number ? "number" : column.text ? "text" : "";
        const cell = make(c ? "td" : "th", { className }, label(column)(row));
        if (!c) cell.scope = "row";
        return cell;
      }));
      line.dataset.m = row.m;
      return line;
    }));
  }
  return { columns, show: (next) => { rows = next; draw(); }, rows: () => [...rows].sort(compare) };
}

// A field of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe before it.
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = /^\s*[=+\-@]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}

function csvOf(rows, columns) {
  const lines = [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, value]) => value(row)))];
  return lines.map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
