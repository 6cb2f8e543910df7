/** A port number, wherever the configuration has one. */

import { z } from 'zod';

export const portSchema = z.int().min(0).max(65_535);
