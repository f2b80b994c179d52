import { defineConfig } from 'vitest/config';
import config from './vitest.config.ts';

export default defineConfig({ test: { ...config.test, include: ['test/pty/pictures.ts'], testTimeout: 300_000 } });
