/**
 * Earsight sends nothing anywhere, and neither do its parts: onnxruntime (1.29 and later, not on Windows) reports to its
 * maker unless this variable is set before it is loaded, and keeps an identifier in the user's cache folder. Worker
 * threads have a copy of `process.env`, so it must be set here, in the main thread. What the operator has set stands.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
