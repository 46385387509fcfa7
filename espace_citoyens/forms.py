from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Markup of every form, decided once."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
