// Charts. Each has the same numbers as a table, for screen readers and the keyboard.

import { scaleBand, scaleLinear } from "d3-scale";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, Link } from "./router";
import { capital, count, number } from "./text";

export interface Column {
  label: string;
  value: number;
  to: URLSearchParams;
}

const HEIGHT = 190;
const MARGIN = { top: 10, right: 2, bottom: 24, left: 38 };
const LABEL_WIDTH = 52;

/** Columns over time. `what` and `per` name the numbers: "failure", "day". */
export function Columns({ columns, what, per }: { columns: Column[]; what: string; per: string }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [pointed, point] = useState<number | null>(null);
  const max = Math.max(1, ...columns.map((column) => column.value));
  const x = scaleBand<number>()
    .domain(columns.map((_, index) => index))
    .range([MARGIN.left, Math.max(width - MARGIN.right, MARGIN.left + 1)])
    .paddingInner(columns.length > 60 ? 0.1 : 0.28)
    .paddingOuter(0.1);
  const y = scaleLinear()
    .domain([0, max])
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const every = Math.ceil(columns.length / Math.max(1, Math.floor((width - MARGIN.left) / LABEL_WIDTH)));
  const highest = columns.reduce<Column | null>((best, one) => (!best || one.value > best.value ? one : best), null);
  const peak = highest?.value ? `Peak: ${count(highest.value, what)}, ${highest.label}` : `No ${what}s`;
  const shown = pointed === null ? undefined : columns[pointed];

  return (
    <div class="chart" ref={box}>
      <p class="chart-note" aria-hidden="true">
        {shown ? `${shown.label}: ${count(shown.value, what)}` : peak}
      </p>
      {width > 0 && (
        <svg
          class="columns"
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${capital(what)}s by ${per}. ${peak}.`}
          onPointerLeave={() => point(null)}
        >
          {ticks.map((tick) => (
            <g key={tick}>
              <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
              <text class="tick" x={MARGIN.left - 8} y={y(tick)} dy="0.32em" text-anchor="end">
                {number(tick)}
              </text>
            </g>
          ))}
          {columns.map((column, index) => (
            <g
              key={column.label}
              class={index === pointed ? "column pointed" : "column"}
              onPointerEnter={() => point(index)}
              onClick={() => go(column.to)}
            >
              <rect
                class="hit"
                x={x(index)}
                y={MARGIN.top}
                width={x.step()}
                height={HEIGHT - MARGIN.bottom - MARGIN.top}
              />
              <rect
                class="bar"
                x={x(index)}
                width={x.bandwidth()}
                y={y(column.value)}
                height={Math.max(0, y(0) - y(column.value))}
                rx={Math.min(3, x.bandwidth() / 4)}
              />
              {index % every === 0 && (
                <text class="tick" x={(x(index) ?? 0) + x.bandwidth() / 2} y={HEIGHT - 6} text-anchor="middle">
                  {column.label}
                </text>
              )}
            </g>
          ))}
        </svg>
      )}
      <ColumnsTable columns={columns} what={what} per={per} />
    </div>
  );
}

/** The numbers of the columns, newest first: in a long table, the scroll box hides the oldest. */
function ColumnsTable({ columns, what, per }: { columns: Column[]; what: string; per: string }) {
  return (
    <details class="as-table">
      <summary>Show as a table</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label={`${capital(what)}s by ${per}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{capital(per)}</th>
              <th scope="col" class="figure">
                {capital(what)}s
              </th>
            </tr>
          </thead>
          <tbody>
            {columns.toReversed().map((column) => (
              <tr key={column.label}>
                <th scope="row">{column.value ? <Link to={column.to}>{column.label}</Link> : column.label}</th>
                <td class="figure">{number(column.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export interface Bar {
  name: string;
  label: ComponentChildren;
  value: number;
  to: URLSearchParams;
}

interface BarsProps {
  bars: Bar[];
  heading: string;
  /** Keeps the order of the bars; otherwise the longest comes first. */
  inOrder?: boolean;
}

const MAX_BARS = 10;

/** Horizontal bars: a table whose last column draws the number before it. */
export function Bars({ bars, heading, inOrder = false }: BarsProps) {
  const [all, showAll] = useState(false);
  const sorted = bars.filter((bar) => bar.value > 0);
  if (!inOrder) sorted.sort((a, b) => b.value - a.value);
  const length = scaleLinear()
    .domain([0, Math.max(1, ...sorted.map((bar) => bar.value))])
    .range([0, 100]);
  const shown = all ? sorted : sorted.slice(0, MAX_BARS);
  return (
    <>
      <table class="bars">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">{heading}</th>
            <th scope="col">Failures</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {shown.map((bar) => (
            <tr key={bar.name}>
              <th scope="row">
                <Link to={bar.to}>{bar.label}</Link>
              </th>
              <td class="figure">{number(bar.value)}</td>
              <td class="bar-cell" aria-hidden="true">
                <svg width="100%" height="12" focusable="false">
                  <rect class="track" width="100%" height="12" rx="2" />
                  <rect class="bar" width={`${length(bar.value)}%`} height="12" rx="2" />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > MAX_BARS && (
        <button type="button" class="quiet" aria-expanded={all} onClick={() => showAll(!all)}>
          {all ? "Show fewer" : `Show all ${sorted.length}`}
        </button>
      )}
    </>
  );
}

function useWidth(box: { current: HTMLElement | null }): number {
  const [width, set] = useState(0);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => set(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
