/** Somebody who waits for a place. */
interface Turn {
  enter: (place: Place) => void;
  /** Called once, when no more than one round of places comes before. */
  near: (() => void) | undefined;
}

/** A place in which one program runs. `giveUp` passes it on to whoever shares the machine. */
interface Place {
  giveUp: () => void;
}

/** How a program leaves its place. */
export interface Stay {
  /** It has ended. The next one begins at once, unless too many that have ended are still about to go. */
  ended: () => void;
  /** Nothing of it is left. */
  gone: () => void;
}

/**
 * The places in which programs run: first come, first served. Places may be added while programs run, and
 * surrendered as they become free: that is how an agent takes over from an older one beside it.
 */
export class Slots {
  /** How many places are ours now. */
  count = 0;
  /** Called when a place was added. */
  onAdded: () => void = () => undefined;
  isSurrendering = false;
  readonly #free: Place[] = [];
  readonly #waiting: Turn[] = [];
  /** Programs that have left their place to another and are not gone: one for each place at most. */
  #leaving = 0;

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.add(() => undefined);
  }

  /** `giveUp` is called when the place is surrendered. */
  add(giveUp: () => void): void {
    if (this.isSurrendering) {
      giveUp();
      return;
    }
    this.count++;
    this.#release({ giveUp });
    this.onAdded();
  }

  /** Passes on every place that is free now, and each other one as soon as its program has ended. */
  surrender(): void {
    this.isSurrendering = true;
    for (const place of this.#free.splice(0)) this.#passOn(place);
  }

  /**
   * Resolves to what gives the slot back. Rejects with the signal's reason when it aborts first.
   * @param onNear called once while it waits, when only the programs that run now and as many others at most come before
   */
  async take(signal: AbortSignal, onNear?: () => void): Promise<Stay> {
    signal.throwIfAborted();
    const place = this.#free.pop() ?? (await this.#turn(signal, onNear));
    return this.#stay(place);
  }

  #stay(place: Place): Stay {
    let state: "here" | "leaving" | "gone" = "here";
    const ended = () => {
      if (state !== "here" || this.#leaving >= this.count) return;
      state = "leaving";
      this.#leaving++;
      this.#release(place);
    };
    const gone = () => {
      if (state === "leaving") this.#leaving--;
      else if (state === "here") this.#release(place);
      state = "gone";
    };
    return { ended, gone };
  }

  #turn(signal: AbortSignal, near: (() => void) | undefined): Promise<Place> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        this.#tellNear();
        reject(signal.reason as Error);
      };
      const turn: Turn = {
        near,
        enter: (place: Place) => {
          signal.removeEventListener("abort", leave);
          resolve(place);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(turn);
      this.#tellNear();
    });
  }

  #tellNear(): void {
    for (const turn of this.#waiting.slice(0, this.count)) {
      const { near } = turn;
      turn.near = undefined;
      near?.();
    }
  }

  #release(place: Place): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.enter(place);
      this.#tellNear();
    } else if (this.isSurrendering) this.#passOn(place);
    else this.#free.push(place);
  }

  #passOn(place: Place): void {
    this.count--;
    place.giveUp();
  }
}
