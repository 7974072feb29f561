"""What Celery's workers run: ``celery -A credits_pipeline.credits.assets.celery_app worker``.

The executor's settings configure it too. Nothing heavy is imported here: a worker forks its
processes, and polars must not be forked.
"""

from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from credits_pipeline.core import settings
from credits_pipeline.credits.assets.executor import celery_config

_config = celery_config(settings.CELERY_BROKER.read(settings.redis_address))
# dagster-celery's own functions have no type hints.
app = make_app(_config)  # type: ignore[no-untyped-call]
execute_plan = create_task(app)  # type: ignore[no-untyped-call]
