# syntax=docker/dockerfile:1
# Two images of the server: `docker build --target cpu .` and `docker build --target gpu .` (NVIDIA, CUDA 12).
# They run as a user without rights, with a root that may be read-only; deploy/docker/compose.yaml shows how.

FROM node:24.11-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# The image brings its own Node, so the one of the package `node` can go.
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/node

# The CUDA libraries of onnxruntime come from outside npm, so that only this image fetches them.
FROM build AS build-gpu
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js

FROM node:24.11-bookworm-slim AS cpu
LABEL org.opencontainers.image.title="Earsight" \
      org.opencontainers.image.description="See where the sound comes from, live." \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    EARSIGHT_SERVER__HOST=0.0.0.0 \
    EARSIGHT_DATA__FOLDER=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/models ./models
COPY --from=build /app/dist ./dist
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 8080/tcp 8189/udp
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "/app/dist/lib/server/main.js", "healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/lib/server/main.js"]
CMD ["serve"]

FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04 AS gpu
LABEL org.opencontainers.image.title="Earsight, CUDA" \
      org.opencontainers.image.description="See where the sound comes from, live." \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    EARSIGHT_SERVER__HOST=0.0.0.0 \
    EARSIGHT_DATA__FOLDER=/data \
    EARSIGHT_ENGINE__PROVIDER=cuda \
    EARSIGHT_ENGINE__MAX_BATCH=8
WORKDIR /app
COPY --from=build-gpu /usr/local/bin/node /usr/local/bin/node
COPY --from=build-gpu /app/package.json ./
COPY --from=build-gpu /app/node_modules ./node_modules
COPY --from=build-gpu /app/models ./models
COPY --from=build-gpu /app/dist ./dist
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 8080/tcp 8189/udp
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 \
  CMD ["node", "/app/dist/lib/server/main.js", "healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/lib/server/main.js"]
CMD ["serve"]
