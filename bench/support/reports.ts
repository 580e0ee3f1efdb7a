/** What `aldis bench` writes, as far as it is used here. */
export interface Report {
  seconds?: number;
  sent?: Rate;
  acknowledged?: Rate;
  delivered?: Rate;
  acknowledgementLatency?: Latency;
  deliveryLatency?: Latency;
  server?: Use;
  generator?: Use;
  serverMemory?: Memory;
  connected?: Rate;
  connectLatency?: Latency;
  memoryBefore?: Memory;
  memoryHeld?: Memory;
  memoryClosed?: Memory;
  /** In bytes. */
  bytesPerConnection?: { rss: number; anonymous: number };
  /** What came to the one who connected, those of other runs too. */
  flushed?: Rate;
  memoryDuringFlush?: { rssBefore: number; rssPeak: number; growth: number };
  resumed?: Rate;
  resumeLatency?: Latency;
  attempts?: number;
  /** How many were refused for good, by reason. */
  refused?: Record<string, number>;
  memoryPeak?: { rss: number };
}

export interface Rate {
  count: number;
  perSecond: number;
}

/** In milliseconds. */
export interface Latency {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** Processor time, in all and for each of what was done. */
export interface Use {
  cpuSeconds: number;
  cores: number;
  cpuMicrosPerMessage?: number;
  cpuMicrosPerConnection?: number;
  cpuMicrosPerDelivery?: number;
}

/** In bytes. */
export interface Memory {
  rss: number;
  pss: number;
  anonymous: number;
}
