// Properties draw from one seed, so that a run of the tests is the same everywhere; SEED=n explores others.

import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });
