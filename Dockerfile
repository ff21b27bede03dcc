# The static program of ./dev package in an image, for the architecture that was packaged.
#   ./dev package --arch arm64
#   docker build --platform linux/arm64 --target lambda -t moonmill -f Dockerfile build/package/arm64/stage
# lambda: for a function of package type Image. bare: for Kubernetes or ECS beside whatever serves the
# Runtime API (AWS_LAMBDA_RUNTIME_API); it holds the certificates of the machine's own bundle.

FROM public.ecr.aws/lambda/provided:al2023 AS lambda
COPY bootstrap /var/runtime/bootstrap
COPY flows /var/task/flows
COPY licences sbom.cdx.json /usr/share/moonmill/
CMD ["bootstrap"]

# the same file for every architecture
FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS certificates
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*

FROM scratch AS bare
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY bootstrap /var/task/bootstrap
COPY flows /var/task/flows
COPY licences sbom.cdx.json /usr/share/moonmill/
ENV LAMBDA_TASK_ROOT=/var/task
WORKDIR /var/task
USER 993
ENTRYPOINT ["/var/task/bootstrap"]
