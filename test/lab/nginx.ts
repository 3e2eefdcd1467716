/** Of the `http` block: no log, and files only where a guest may write. */
export const NGINX_HTTP = `  access_log off;
  client_body_temp_path /run/nginx-body;
  proxy_temp_path /run/nginx-proxy;
  fastcgi_temp_path /run/nginx-fastcgi;
  uwsgi_temp_path /run/nginx-uwsgi;
  scgi_temp_path /run/nginx-scgi;`;

/** @param http further lines of the `http` block @returns a configuration for one process in the foreground */
export function nginxConfig(http: string): string {
  return `user root;
daemon off;
master_process off;
pid /run/nginx.pid;
error_log stderr;
events {
}
http {
${NGINX_HTTP}
${http}
}
`;
}
