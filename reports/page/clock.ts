// The instant that the whole page looks at: one slider moves it, so do a press on any chart and the play button; everything follows.

import { button, element, say } from './dom.ts';
import type { Model } from './model.ts';
import { seconds } from './units.ts';

/** A run plays through in this time, whatever it lasted. */
const PLAY_MS = 12_000;

export class PageClock {
  readonly #model: Model;
  readonly #followers: (() => void)[] = [];
  readonly #slider: HTMLInputElement;
  readonly #readout: HTMLElement;
  readonly #play: HTMLButtonElement;
  #playing = false;
  #drawing = false;

  constructor(model: Model) {
    this.#model = model;
    this.#slider = element('input', {
      type: 'range',
      id: 'time',
      min: '0',
      max: String(model.lastSample),
      step: '1',
      'aria-label': 'Time of the run',
    });
    this.#slider.addEventListener('input', () => {
      this.#stop();
      this.seek(Number(this.#slider.value));
    });
    this.#readout = element('output', { for: 'time', class: 'readout' });
    this.#play = button('Play', { class: 'play', 'aria-pressed': 'false' }, () => this.#toggle());
  }

  /** Calls `follow` whenever another instant is looked at, once a frame at most. */
  follow(follow: () => void): void {
    this.#followers.push(follow);
  }

  seek(sample: number): void {
    this.#model.seek(Math.max(0, Math.min(this.#model.lastSample, sample)));
    const at = seconds(this.#model.timeS);
    this.#slider.value = String(this.#model.sample);
    this.#slider.setAttribute('aria-valuetext', at);
    say(this.#readout, at);
    this.again();
  }

  /** Lets everything that follows look again at the same instant. */
  again(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      for (const follow of this.#followers) follow();
    });
  }

  seekTime(timeS: number): void {
    this.#stop();
    this.seek(this.#model.sampleAt(timeS));
  }

  /** The bar that stays in sight. `strip`: what stands above the slider. */
  bar(strip: HTMLElement): HTMLElement {
    return element(
      'div',
      { class: 'clock', role: 'group', 'aria-label': 'Time' },
      this.#play,
      element('div', { class: 'track' }, strip, this.#slider),
      this.#readout,
    );
  }

  #toggle(): void {
    if (this.#playing) return this.#stop();
    this.#playing = true;
    say(this.#play, 'Pause');
    this.#play.setAttribute('aria-pressed', 'true');
    const first = this.#model.sample === this.#model.lastSample ? 0 : this.#model.sample;
    let startedAt: number | null = null;
    const step = (atMs: number) => {
      if (!this.#playing) return;
      startedAt ??= atMs;
      const sample = first + Math.floor(((atMs - startedAt) / PLAY_MS) * this.#model.lastSample);
      this.seek(sample);
      if (sample >= this.#model.lastSample) this.#stop();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #stop(): void {
    this.#playing = false;
    say(this.#play, 'Play');
    this.#play.setAttribute('aria-pressed', 'false');
  }
}
