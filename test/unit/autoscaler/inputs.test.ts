import { describe, expect, it } from "vitest";
import { readArrivals } from "../../../autoscaler/simulator/arrivals-file.ts";
import { poisson, seededChance } from "../../../autoscaler/simulator/chance.ts";
import { parseDistribution } from "../../../autoscaler/simulator/distribution.ts";
import { drawArrivals, generateRates, SHAPES } from "../../../autoscaler/simulator/generators.ts";
import { TimeHeap } from "../../../autoscaler/simulator/heap.ts";
import { QuantileWindow } from "../../../autoscaler/simulator/quantile-window.ts";
import { generateZones, readZones } from "../../../autoscaler/simulator/spot-market.ts";

const chance = (name = "test") => seededChance(1, name);

const averageOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("arrivals from a file", () => {
  it("spreads counts over their periods and counts time from the first line", () => {
    const { arrivalS, durationS } = readArrivals("time_s,count\n1000,3\n1060,0\n1120,2\n", chance());
    expect(durationS).toBe(180);
    expect([...arrivalS].map((atS) => Math.floor(atS / 60))).toEqual([0, 0, 0, 2, 2]);
    expect([...arrivalS]).toEqual([...arrivalS].toSorted((left, right) => left - right));
  });
  it("takes one job per line with its own service time", () => {
    const { arrivalS, serviceS } = readArrivals("time_s,service_s\r\n5,1.5\r\n7.5,20\r\n", chance());
    expect([[...arrivalS], [...(serviceS ?? [])]]).toEqual([
      [0, 2.5],
      [1.5, 20],
    ]);
  });
  it("takes the columns in any order, among others, and skips blank lines", () => {
    const { arrivalS } = readArrivals("\n count , name,time_s\n2,a,0\n\n1,b,60\n", chance());
    expect([...arrivalS].map((atS) => Math.floor(atS / 60))).toEqual([0, 0, 1]);
  });
  it("leaves a gap empty where lines were left out, and keeps the total of counts that are not whole", () => {
    const sparse = readArrivals("time_s,count\n0,5\n60,5\n7200,5\n", chance());
    expect(sparse.arrivalS.filter((atS) => atS >= 120 && atS < 7200)).toHaveLength(0);
    const rows = Array.from({ length: 100 }, (_, hour) => `${hour * 3600},0.4`).join("\n");
    expect(readArrivals(`time_s,count\n${rows}`, chance()).arrivalS).toHaveLength(40);
  });
  it.each([
    ["", /time_s,count.*the file is empty/],
    ["at,count\n1,2", /begins with the line.*not "at,count" \(line 1\)/],
    ["time_s,count,service_s\n1,2,3", /begins with the line/],
    ["\r\ntime_s,count\r\n\r\n5,1\r\n4,1", /Line 5.*before that of the line above/],
    ["time_s,count\n5,-1", /Line 2.*its count is negative/],
    ["time_s,service_s\n5,1\n6,-0.5", /Line 3.*its service_s is negative/],
    ["time_s,count\n5,", /Line 2.*numbers under time_s and count/],
    ["time_s,count\n5,1,7", /Line 2.*needs 2 values/],
    ["time_s,count\n5,Infinity", /Line 2/],
    ["time_s,count\n", /no line but its header/],
  ])("refuses %j", (text, message) => {
    expect(() => readArrivals(text, chance())).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringMatching(message) }),
    );
  });
});

describe("chance", () => {
  it.each(["fixed:30", "uniform:60-300", "exponential:30", "lognormal:40,1", "pareto:20,3"])(
    "%s has its mean",
    (text) => {
      const distribution = parseDistribution(text);
      const draw = chance(text);
      const total = Array.from({ length: 40_000 }, () => distribution.sample(draw)).reduce(
        (sum, value) => sum + value,
        0,
      );
      expect(total / 40_000 / distribution.meanS).toBeGreaterThan(0.95);
      expect(total / 40_000 / distribution.meanS).toBeLessThan(1.05);
    },
  );
  it.each(["fixed", "uniform:5", "normal:3,4", "exponential:-2", "pareto:20,0.9"])("refuses %s", (text) => {
    expect(() => parseDistribution(text)).toThrow();
  });
  it.each([0.3, 20, 400])("draws Poisson numbers with mean and variance %d", (mean) => {
    const draw = chance();
    const values = Array.from({ length: 20_000 }, () => poisson(draw, mean));
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
    expect(average / mean).toBeCloseTo(1, 1);
    expect(variance / mean).toBeCloseTo(1, 1);
  });
});

describe("generated load", () => {
  it.each(Object.keys(SHAPES))("%s is ascending, within its length, and has about its rates", (name) => {
    const rates = generateRates(name, 0.5, chance(name));
    const arrivalS = drawArrivals(rates, chance());
    const expected = rates.perS.reduce((sum, rate) => sum + rate * rates.stepS, 0);
    expect(arrivalS.length / expected).toBeCloseTo(1, 1);
    expect(arrivalS.every((atS, at) => at === 0 || atS >= (arrivalS[at - 1] ?? 0))).toBe(true);
    expect(arrivalS.at(-1)).toBeLessThan(rates.perS.length * rates.stepS);
  });
  it("rises a hundredfold within the three minutes", () => {
    const { perS } = generateRates("x100-3min", 1, chance());
    expect([perS[359], perS[360 + 18]]).toEqual([1, 100]);
  });
});

describe("spot zones", () => {
  it("are available for the share and as correlated as the public traces show", () => {
    const zones = generateZones(9, 5, 40 * 86_400, chance("zones"));
    const sampled = zones.map(({ capacity }) =>
      Array.from({ length: 40 * 144 }, (_, at) => {
        const step = capacity.fromS.findLastIndex((fromS) => fromS <= at * 600);
        return (capacity.instances[step] ?? 0) > 0 ? 1 : 0;
      }),
    );
    const correlation = (left: readonly number[], right: readonly number[]) => {
      const [a, b] = [averageOf(left), averageOf(right)];
      const both = averageOf(left.map((value, at) => (value - a) * ((right[at] ?? 0) - b)));
      return both / Math.sqrt(a * (1 - a) * b * (1 - b));
    };
    const [first = [], second = [], , other = []] = sampled;
    for (const zone of sampled) {
      expect(averageOf(zone)).toBeGreaterThan(0.1);
      expect(averageOf(zone)).toBeLessThan(0.97);
    }
    expect(correlation(first, second)).toBeGreaterThan(0.15);
    expect(Math.abs(correlation(first, other))).toBeLessThan(0.2);
    const any = first.map((_, at) => Math.max(...sampled.map((zone) => zone[at] ?? 0)));
    expect(averageOf(any)).toBeGreaterThan(0.97);
  });
  it("are read from a table of zones and from a trace of nodes gained and lost", () => {
    const [east, west] = readZones("time_s,zone,instances\n0,east-a,4\n60,west-b,2\n90,east-a,0\n", "own");
    expect([east?.region, [...(east?.capacity.fromS ?? [])], [...(east?.capacity.instances ?? [])]]).toEqual([
      "east-",
      [0, 90],
      [4, 0],
    ]);
    expect([...(west?.capacity.instances ?? [])]).toEqual([0, 2]);
    const [trace] = readZones("0,add,node1\r\n0,add,node2\r\n\r\n60000,remove,node1\r\n", "p3-a");
    expect([trace?.zone, trace?.region, [...(trace?.capacity.instances ?? [])]]).toEqual([
      "p3-a",
      "p3-",
      [2, 1],
    ]);
  });
  it.each([
    ["time_s,zone,instances\n0,a,x\n", /Line 2/],
    ["time_s,zone,instances\n\n9,a,1\n8,a,1\n", /Line 4.*ascending/],
    ["0,add,n\n1,gain,n\n", /Line 2/],
    ["0,remove,n\n", /Line 1/],
    ["\n", /holds no zone/],
  ])("are not read from %j", (text, message) => {
    expect(() => readZones(text, "own")).toThrow(message);
  });
});

describe("data structures", () => {
  it("the heap gives times in order, also after it grew", () => {
    const heap = new TimeHeap(2);
    const draw = chance();
    const times = Array.from({ length: 500 }, () => draw());
    for (const [at, time] of times.entries()) heap.push(time, at);
    const order = Array.from({ length: 500 }, () => times[heap.pop()]);
    expect(order).toEqual(times.toSorted((left, right) => left - right));
    expect(heap.nextS).toBe(Infinity);
  });
  it("the window of quantiles counts what nobody saw the end of as what is known to be longer", () => {
    const window = new QuantileWindow(1e9);
    for (let value = 1; value <= 100; value++) window.add(value);
    // Half of them given up at 60: the forty that are known to be longer stand for those, too.
    for (let value = 0; value < 100; value++) window.addLonger(60);
    const read = window.read();
    expect((read?.p50S ?? 0) / 71).toBeCloseTo(1, 1);
    expect((read?.meanS ?? 0) / 65.5).toBeCloseTo(1, 1);
    expect(read?.samples).toBe(200);
  });
  it("the window of quantiles is right within its buckets and forgets", () => {
    const window = new QuantileWindow(100);
    expect(window.read()).toBeUndefined();
    for (let value = 1; value <= 100; value++) window.add(1000);
    for (let round = 0; round < 30; round++) for (let value = 1; value <= 100; value++) window.add(value);
    const read = window.read();
    expect((read?.p50S ?? 0) / 50).toBeCloseTo(1, 0);
    expect(read?.p99S).toBeLessThan(110);
    expect(read?.p90S).toBeGreaterThan(80);
  });
});
